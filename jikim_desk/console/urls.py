"""Every address of the desk."""

from jikim_desk.console import (
    api,
    approvals,
    audit_page,
    calendar,
    cases,
    evidence,
    figures,
    frames,
    health,
    home,
    hosts,
    items,
    jobs,
    learning,
    outbox,
    people,
    queue,
    removal,
    rest,
    rights_page,
    search,
    sign_in,
    sources,
    sweeps,
    watches,
)

handler400 = "jikim_desk.console.trouble.bad_request"
handler403 = "jikim_desk.console.trouble.forbidden"
handler404 = "jikim_desk.console.trouble.not_found"
handler500 = "jikim_desk.console.trouble.failed"

urlpatterns = [
    *api.addresses,
    *health.addresses,
    *home.addresses,
    *search.addresses,
    *sweeps.addresses,
    *approvals.addresses,
    *watches.addresses,
    *sources.addresses,
    *jobs.addresses,
    *figures.addresses,
    *learning.addresses,
    *cases.addresses,
    *queue.addresses,
    *items.addresses,
    *frames.addresses,
    *removal.addresses,
    *evidence.addresses,
    *outbox.addresses,
    *calendar.addresses,
    *hosts.addresses,
    *rest.addresses,
    *sign_in.addresses,
    *people.addresses,
    *rights_page.addresses,
    *audit_page.addresses,
]
