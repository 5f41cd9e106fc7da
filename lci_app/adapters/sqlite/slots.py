"""Slots: what each of a project's two places holds. Without a row a slot is empty; its port is the project's."""

from __future__ import annotations

from sqlite3 import Connection

from lci_app.adapters.sqlite import rows
from lci_app.adapters.sqlite.database import Room
from lci_app.adapters.sqlite.rows import bound
from lci_app.core.model import Slot, SlotState


class SlotsRoom(Room):
    async def slots(self, project_id: int) -> dict[Slot, SlotState]:
        """Return both slots; one that was never used is `empty`, with its port (0 where the project is gone)."""
        return await self._database.read(project_slots, project_id)

    async def all_slots(self) -> list[SlotState]:
        """Return both slots of every project."""
        return await self._database.read(_all)

    async def set_slot(self, state: SlotState) -> None:
        """Replace what is known of a slot; its port stays. Nothing happens where the project is gone."""
        await self._database.write(write_slot, state)


_SELECT = """
SELECT p.id AS project_id, each.slot, s.container_id, s.build_id, s.build_number, s.commit_hash, s.started_at,
    s.deployment_id,
    coalesce(s.status, 'empty') AS status, coalesce(s.health, 'unknown') AS health,
    CASE each.slot WHEN 'Blue' THEN p.blue_port ELSE p.green_port END AS port
FROM projects p
CROSS JOIN (SELECT 'Blue' AS slot UNION ALL SELECT 'Green') each
LEFT JOIN slots s ON s.project_id = p.id AND s.slot = each.slot
"""


def project_slots(connection: Connection, project_id: int) -> dict[Slot, SlotState]:
    found = connection.execute(_SELECT + "WHERE p.id = :id", bound(id=project_id))
    states = (rows.slot_state(row) for row in found)
    return {slot: SlotState(project_id, slot) for slot in Slot} | {state.slot: state for state in states}


def _all(connection: Connection) -> list[SlotState]:
    return [rows.slot_state(row) for row in connection.execute(_SELECT + "ORDER BY p.id, each.slot")]


def write_slot(connection: Connection, state: SlotState) -> None:
    connection.execute(
        """
        REPLACE INTO slots (
            project_id, slot, status, container_id, build_id, build_number, commit_hash, started_at, health,
            deployment_id)
        SELECT
            id, :slot, :status, :container_id, :build_id, :build_number, :commit_hash, :started_at, :health,
            :deployment_id
        FROM projects WHERE id = :project_id
        """,
        bound(
            project_id=state.project_id,
            slot=state.slot,
            status=state.status,
            container_id=state.container_id,
            build_id=state.build_id,
            build_number=state.build_number,
            commit_hash=state.commit_hash,
            started_at=state.started_at,
            health=state.health,
            deployment_id=state.deployment_id,
        ),
    )
