"""People, teams, the roles they were granted, and the keys of machines."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.crypto import salted_hmac


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
    """One person, or one machine that calls the API. `lang` is how the desk speaks to them: empty for as their browser asks."""

    name = models.CharField(max_length=80, blank=True)
    """As colleagues know them."""
    session_epoch = models.PositiveIntegerField(default=0)
    """Part of what every session of theirs is checked against: counting it up ends them all."""
    lang = models.CharField(max_length=2, choices=[("ko", "한국어"), ("en", "English")], blank=True, default="")
    has_shortcuts = models.BooleanField(default=True)

    def __str__(self) -> str:
        return self.name or self.username

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What Django compares with each session of theirs at each request."""
        content = f"{self.session_epoch} {self.password}"
        return salted_hmac("jikim session", content, secret=secret, algorithm="sha256").hexdigest()

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


class Invitation(models.Model):
    """A link that signs somebody in once, so that they can set up how they sign in. Only the hash of its secret is kept."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="invitations")
    digest = models.CharField(max_length=64, unique=True)
    made_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)


class TokenRight(models.TextChoices):
    """What the API lets a machine do."""

    READ = "read"
    DECIDE = "decide"
    INTAKE = "intake"


class Token(models.Model):
    """A key with which a machine calls the API, for some rights and until a day. Only its hash is kept."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=80)
    digest = models.CharField(max_length=64, unique=True)
    rights = models.JSONField(default=list)
    """Values of TokenRight."""
    made_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name
