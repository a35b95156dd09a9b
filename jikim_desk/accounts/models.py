"""People, teams and the roles they were granted."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models


class Role(models.TextChoices):
    """What somebody may do is the sum of the roles they hold. The first three are held in a team, the others everywhere."""

    REVIEWER = "reviewer"
    COUNSELLOR = "counsellor"
    LEAD = "lead"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"
    MACHINE = "machine"


TEAM_ROLES = frozenset({Role.REVIEWER, Role.COUNSELLOR, Role.LEAD})


class Team(models.Model):
    name = models.CharField(max_length=80, unique=True)

    def __str__(self) -> str:
        return self.name


class User(AbstractUser):
    """One person, or one machine that calls the API. `lang` is how the desk speaks to them."""

    lang = models.CharField(max_length=2, choices=[("ko", "한국어"), ("en", "English")], default="ko")
    has_shortcuts = models.BooleanField(default=True)

    @property
    def role_names(self) -> frozenset[str]:
        """The roles they hold anywhere."""
        return frozenset(self.grants.values_list("role", flat=True))

    def has_role(self, *roles: str, team: Team | None = None) -> bool:
        """Whether they hold one of `roles`, in `team` where one is named (roles held everywhere count in each team)."""
        grants = self.grants.filter(role__in=roles)
        if team is not None:
            grants = grants.filter(models.Q(team=team) | models.Q(team=None))
        return grants.exists()

    def teams(self) -> models.QuerySet[Team]:
        """The teams in which they hold a role."""
        return Team.objects.filter(grants__user=self).distinct()


class Grant(models.Model):
    """A role somebody holds; `team` is None for the roles that hold everywhere."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="grants")
    role = models.CharField(max_length=20, choices=Role.choices)
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.PROTECT, related_name="grants")
    granted_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    granted_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("user", "role", "team"), name="one_grant_a_role_and_team", nulls_distinct=False),
        )
