"""Which projects and organizations a member may use, as SQL."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, func, insert, or_, select

from service.ledger.rows import AnyRow, Values, microseconds, time_from
from service.ledger.schema import organization_members, organizations, project_members, projects
from service.memory.accounts import AccessRole
from service.memory.members import Member


def usable_projects(
    member: ColumnElement[str] | str, *columns: ColumnElement[Any], organization_wide: bool
) -> Select[Any]:
    """Columns of the projects that a member may use, with the membership's role as `role`.

    A membership of a project counts before one of its organization, which counts for some callers only.
    """
    own = and_(project_members.c.project_id == projects.c.id, project_members.c.member == member)
    if not organization_wide:
        return select(*columns, project_members.c.role).select_from(projects.join(project_members, own))
    through = and_(
        organization_members.c.organization_id == projects.c.organization_id,
        organization_members.c.member == member,
    )
    role = func.coalesce(project_members.c.role, organization_members.c.role)
    # Said once more of the projects alone, so that they are found by an index.
    own_ids = select(project_members.c.project_id).where(project_members.c.member == member)
    return (
        select(*columns, role.label("role"))
        .select_from(projects.outerjoin(project_members, own).outerjoin(organization_members, through))
        .where(or_(projects.c.id.in_(own_ids), projects.c.organization_id.in_(_organizations_of(member))))
    )


def role_in_organization(member: str, organization_id: str) -> Select[Any]:
    """The role of a member in an organization itself."""
    return select(organization_members.c.role).where(
        organization_members.c.organization_id == organization_id, organization_members.c.member == member
    )


def roles_in_projects(member: str, organization_id: str) -> Select[Any]:
    """The roles of a member's own in the projects of an organization, each once, `owner` first."""
    return (
        select(project_members.c.role)
        .distinct()
        .join(projects, project_members.c.project_id == projects.c.id)
        .where(project_members.c.member == member, projects.c.organization_id == organization_id)
        .order_by(project_members.c.role)
    )


def organizations_of(member: str) -> ColumnElement[bool]:
    """The organizations in which a member has a part."""
    itself = _organizations_of(member)
    through = (
        select(projects.c.organization_id)
        .join(project_members, project_members.c.project_id == projects.c.id)
        .where(project_members.c.member == member)
    )
    return or_(organizations.c.id.in_(itself), organizations.c.id.in_(through))


def _organizations_of(member: ColumnElement[str] | str) -> Select[Any]:
    """The ids of the organizations that a member belongs to itself."""
    return select(organization_members.c.organization_id).where(organization_members.c.member == member)


def ensure_member(connection: Connection, table: Table, where: Values, member: Member) -> None:
    """Makes somebody a member who is none yet."""
    known = select(table.c.member).filter_by(**where, member=member.name)
    if connection.scalar(known) is None:
        connection.execute(insert(table).values(**where, **membership_values(member)))


def membership_values(member: Member) -> Values:
    """The columns that both kinds of membership have."""
    return {
        "member": member.name,
        "role": member.role.value,
        "created_at": microseconds(member.created_at),
    }


def member_from(row: AnyRow) -> Member:
    """A member."""
    return Member(row.member, AccessRole(row.role), time_from(row.created_at))
