"""What the people of the org do: edit, delete, merge and convert by hand, and set the org up.

These are Python methods, not calls of the API: nothing here is counted, logged or bound by field-level security. A
refusal of the org (a validation rule, a duplicate) is raised as ``Refusal``. After ``commit_later`` their changes
belong to long transactions: they appear later, with the stamp of the time they were made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta

from sandbox.salesforce.admins import Admins, set_statuses
from sandbox.salesforce.conversion import convert_lead
from sandbox.salesforce.definitions import Row, Value
from sandbox.salesforce.entity import Entity
from sandbox.salesforce.errors import Refusal
from sandbox.salesforce.granting import Granting
from sandbox.salesforce.history import note
from sandbox.salesforce.ids import long_id
from sandbox.salesforce.org import Author, Org
from sandbox.salesforce.profiles import add_standard_user, furnish_profiles, put_row
from sandbox.salesforce.record_types import choose_record_type
from sandbox.salesforce.relations import is_member_twice
from sandbox.salesforce.ruling import Ruling
from sandbox.salesforce.saving import (
    compose_name,
    convert,
    create,
    delete,
    put_stamped,
    stamp_row,
    update,
    writable_row,
)
from sandbox.salesforce.standard_setup import LEAD_STATUSES

MAX_MERGED = 3
_AUDIT = ("CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById", "SystemModstamp")


def furnish(org: Org, *, bare: bool = False) -> None:
    """Gives a new org its organization row, two users with their profiles and the standard lead statuses."""
    now = org.now_stamp()
    users = org.schema.entities["User"].table
    org.organization_id, org.admin_user, org.integration_user = (
        org.ids.take(prefix) for prefix in ("00D", "005", "005")
    )
    audit: Row = {"CreatedDate": now, "CreatedById": org.admin_user, "LastModifiedDate": now,
                  "LastModifiedById": org.admin_user, "SystemModstamp": now}  # fmt: skip
    organization = org.schema.entities["Organization"]
    organization.table.put({**organization.defaults, "Id": org.organization_id, "Name": "Sandbox Org",
                            "InstanceName": "CS5", "IsSandbox": True, **audit})  # fmt: skip
    for user_id, first, last in ((org.admin_user, "Org", "Admin"), (org.integration_user, "Integration", "User")):
        address = f"{first}.{last}@sandbox.example".lower()
        users.put({**org.schema.entities["User"].defaults, "Id": user_id, "Username": address, "Email": address,
                   "FirstName": first, "LastName": last, "Name": f"{first} {last}", **audit})  # fmt: skip
    set_statuses(org, LEAD_STATUSES)
    if bare:
        for entity in org.schema.entities.values():
            entity.strip(changed=org.clock.now())
    furnish_profiles(org, bare=bare)


class People(Granting, Ruling, Admins):
    """Everything that happens in the org by hand."""

    def insert(self, object: str, fields: Mapping[str, object], *, by: str | None = None) -> str:
        """A person creates a row; returns its id."""
        with self._transaction():
            entity = self._entity(object)
            made = create(self.org, entity, fields, author=self._human(by))
            if entity.name == "User":
                add_standard_user(self.org, made)
            return made

    def edit(self, object: str, id: str, fields: Mapping[str, object], *, by: str | None = None) -> None:
        """A person changes a row."""
        with self._transaction():
            update(self.org, self._entity(object), self._id(id), fields, author=self._human(by))

    def delete(self, object: str, id: str, *, by: str | None = None) -> None:
        """A person moves a row to the recycle bin."""
        with self._transaction():
            delete(self.org, self._entity(object), self._id(id), author=self._human(by))

    def undelete(self, object: str, id: str, *, by: str | None = None) -> None:
        """A person takes a row out of the recycle bin."""
        entity = self._entity(object)
        row = entity.table.rows.get(self._id(id))
        if row is None or not row.get("IsDeleted"):
            raise Refusal("UNDELETE_FAILED", f"{object} {id} is not in the recycle bin")
        with self._transaction():
            put_stamped(self.org, entity, row, {"IsDeleted": False, "MasterRecordId": None}, author=self._human(by))

    def erase(self, object: str, id: str) -> None:
        """Empties the recycle bin of one row: its id is unknown from now on."""
        self._entity(object).table.drop(self._id(id))

    def merge(
        self, object: str, winner: str, losers: Sequence[str], *, fields: Mapping[str, object] | None = None,
        by: str | None = None,
    ) -> None:  # fmt: skip
        """A person merges up to three rows; ``fields`` are the values of losers chosen for the winner."""
        entity, author, winner_id = self._entity(object), self._human(by), self._id(winner)
        if not entity.definition.mergeable or not 1 <= len(losers) < MAX_MERGED:
            raise ValueError(f"merge one or two losers into a {object}; only Lead, Contact and Account can be merged")
        with self._transaction():
            writable_row(self.org, entity, winner_id, author=author)
            for loser in (self._id(text) for text in losers):
                row = writable_row(self.org, entity, loser, author=author)
                changes: dict[str, Value] = {"IsDeleted": True, "MasterRecordId": winner_id}
                put_stamped(self.org, entity, row, changes, author=author)
                self._move_children(entity, loser, winner_id, author)
            update(self.org, entity, winner_id, fields or {}, author=author)

    def convert(
        self, lead_id: str, *, status: str, account_id: str | None = None, contact_id: str | None = None,
        opportunity: str | None = None, by: str | None = None,
    ) -> tuple[str, str, str | None]:  # fmt: skip
        """A person converts a Lead; returns the ids of contact, account and opportunity (named by ``opportunity``).

        Into an existing contact or account only empty fields are filled. Custom fields are carried over only where
        ``map_conversion`` says so.
        """
        with self._transaction():
            return convert_lead(
                self.org, self._id(lead_id), status=status, account_id=account_id, contact_id=contact_id,
                opportunity=opportunity, author=self._human(by),
            )  # fmt: skip

    def person_account(self, last_name: str, **fields: str) -> tuple[str, str]:
        """A person makes a person account: one account and its contact, which share all they hold; returns both ids.

        ``fields`` are the contact's.
        """
        author = self._human(None)
        account, contact = self._entity("Account"), self._entity("Contact")
        with self._transaction():
            account_id = create(self.org, account, {"Name": last_name}, author=author)
            given = {"LastName": last_name, "AccountId": account_id, **fields}
            contact_id = create(self.org, contact, given, author=author)
            for entity, row_id in ((account, account_id), (contact, contact_id)):
                row = writable_row(self.org, entity, row_id, author=author)
                put_stamped(self.org, entity, row, {"IsPersonAccount": True}, author=author)
        return account_id, contact_id

    def load(self, object: str, rows: Sequence[Mapping[str, object]]) -> list[str]:
        """Puts many rows at once, as a data loader with audit-field permission: no rules, no history; returns ids.

        Values are converted and checked as in a create; audit fields may be given in wire form.
        """
        entity, org = self._entity(object), self.org
        author, now = self._human(None), org.now_stamp()
        loaded: list[Row] = []
        keys: dict[str, set[Value]] = {name: set() for name in entity.unique}
        for fields in rows:
            given = {
                name: value
                for name, value in fields.items()
                if name not in _AUDIT and (name in entity.fields or name not in entity.stripped)
            }
            values = convert(org, entity, given, author=author, creating=True)
            row: Row = dict(entity.defaults)
            row.update((name, value) for name, value in values.items() if value is not None)
            missing = [name for name in entity.required if row.get(name) is None]
            if missing:
                raise Refusal("REQUIRED_FIELD_MISSING", f"Required fields are missing: {missing}", missing)
            for name, seen in keys.items():
                value = row.get(name)
                if value is not None and (value in seen or entity.table.lookup(name, value)):
                    raise Refusal("DUPLICATE_VALUE", f"duplicate value found: {name}: {value}")
                seen.add(value)
            choose_record_type(entity, row)
            if entity.composed_name:
                row["Name"] = compose_name(row)
            if "OwnerId" in entity.fields:
                row.setdefault("OwnerId", author.user_id)
            if "IsDeleted" in entity.fields:
                row["IsDeleted"] = False
            created = str(fields.get("CreatedDate", now))
            changed = str(fields.get("LastModifiedDate", created))
            row["CreatedDate"], row["LastModifiedDate"] = created, changed
            row["SystemModstamp"] = str(fields.get("SystemModstamp", changed))
            row["CreatedById"] = str(fields.get("CreatedById", author.user_id))
            row["LastModifiedById"] = str(fields.get("LastModifiedById", author.user_id))
            row["Id"] = org.ids.take(entity.definition.prefix)
            loaded.append(row)
        entity.table.load(loaded)
        return [str(row["Id"]) for row in loaded]

    def find(self, object: str, field: str, value: str) -> list[str]:
        """A person looks for rows by the value of a field, in any case; those in the recycle bin are not shown."""
        entity, wanted = self._entity(object), value.casefold()
        self.org.settle()
        table = entity.table
        ids = table.lookup(field, wanted) if table.has_index(field) else table.rows
        rows = (table.rows[id_] for id_ in ids)
        return sorted(
            str(row["Id"])
            for row in rows
            if not row.get("IsDeleted") and str(row.get(field) or "").casefold() == wanted
        )

    def fields_of(self, object: str) -> list[str]:
        """The fields that a person finds on an object."""
        return sorted(self._entity(object).fields)

    def touch(self, object: str, ids: Sequence[str]) -> None:
        """Moves SystemModstamp alone, as a recalculation by the system does, unless a switch says it does not."""
        if not self.org.switches.recalculation_moves_stamp:
            return
        entity = self._entity(object)
        for text in ids:
            row = entity.table.rows[self._id(text)] | {"SystemModstamp": self.org.now_stamp()}
            self.org.store.put(entity.table, row, now=self.org.clock.now())
        self.org.store.commit()

    def add_user(self, email: str, name: str, *, active: bool = True, role: str | None = None) -> str:
        """An admin adds a user, who may have a role; returns the id."""
        first, _, last = name.rpartition(" ")
        fields = {"Username": email, "Email": email, "FirstName": first, "LastName": last, "IsActive": active}
        if role is not None:
            roles = self.org.schema.entities["UserRole"].table.by_id()
            known = next((str(row["Id"]) for row in roles if row["Name"] == role), None)
            fields["UserRoleId"] = known or put_row(self.org, "UserRole", {"Name": role})
        return self.insert("User", fields)

    def deactivate_user(self, id: str) -> None:
        """An admin deactivates a user, who keeps the rows owned so far."""
        self.edit("User", id, {"IsActive": False})

    def add_queue(self, name: str) -> str:
        """An admin adds a queue; returns the id of its Group row."""
        return self.insert("Group", {"Name": name, "DeveloperName": name.replace(" ", "_"), "Type": "Queue"})

    def commit_later(self, seconds: float) -> None:
        """From now on people's changes commit this much later; 0 ends it. The rows are locked meanwhile."""
        self.org.commit_delay = seconds

    def lock_rows(self, ids: Sequence[str], *, times: int = 1) -> None:
        """The next ``times`` writes of each of these rows by the API fail with UNABLE_TO_LOCK_ROW."""
        self.org.locked_rows |= {self._id(text): times for text in ids}

    def purge_deletions(self) -> None:
        """The vendor empties the log of deletions under load: two hours of it remain."""
        self.org.deletions_known_since = self.org.clock.now() - timedelta(hours=2)

    def begin_maintenance(self) -> None:
        """The vendor turns the org read-only."""
        self.org.maintenance = True

    def end_maintenance(self) -> None:
        """The org takes writes again."""
        self.org.maintenance = False

    def export(self) -> dict[str, list[dict[str, object]]]:
        """All rows of all objects but those of rights, in id order, deleted ones included (``IsDeleted``)."""
        self.org.settle()
        return {
            name: [{field: row.get(field) for field in entity.fields if field not in entity.compounds}
                   for row in entity.table.by_id()]
            for name, entity in self.org.schema.entities.items()
            if not entity.definition.setup
        }  # fmt: skip

    def sizes(self) -> dict[str, int]:
        """How many rows ``export`` has of each object, without the rows."""
        self.org.settle()
        entities = self.org.schema.entities.values()
        return {entity.name: len(entity.table.rows) for entity in entities if not entity.definition.setup}

    def _move_children(self, entity: Entity, loser: str, winner: str, author: Author) -> None:
        """Rows that point to a merged row point to the winner afterwards."""
        for child_name, field in entity.children:
            child = self.org.schema.entities[child_name]
            if (
                child.definition.history_of
                or field in ("MasterRecordId", "OwnerId")
                or not child.table.has_index(field)
            ):
                continue
            for row_id in child.table.lookup(field, loser):
                row = dict(child.table.rows[row_id])
                twice = is_member_twice(child, row, field=field, winner=winner)
                row |= {"IsDeleted": True} if twice else {field: winner}
                if self.org.switches.merge_touches_children:
                    stamp_row(self.org, row, author=author)
                self.org.store.put(child.table, row, now=self.org.clock.now())
        log = self.org.schema.history_of(entity.name)
        if log is not None:
            row = entity.table.rows[winner] | {"LastModifiedDate": self.org.now_stamp()}
            note(self.org, log, row, f"{entity.name.lower()}Merged", None, None, author=author)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        store, now = self.org.store, self.org.clock.now()
        self.org.settle()
        mark = store.mark()
        delay = self.org.commit_delay
        store.late_until = now + timedelta(seconds=delay) if delay > 0 else None
        try:
            yield
        except Refusal:
            store.rollback(mark)
            raise
        finally:
            store.late_until = None
        store.commit()

    def _human(self, by: str | None) -> Author:
        return Author(user_id=by or self.org.admin_user, human=True)

    @staticmethod
    def _id(text: str) -> str:
        found = long_id(text)
        if found is None:
            raise ValueError(f"{text!r} is no record id: give 15 or 18 characters")
        return found
