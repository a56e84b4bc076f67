"""The data base's schema: migrations and tables agree, and old and foreign data bases are told."""

import json

import pytest
from alembic import command
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from explorer.database.connect import open_database
from explorer.database.migrate import alembic_config, migrate
from explorer.database.tables import Base
from tests.explorer.indexing import fresh_database
from tests.support import warm
from touchstone.errors import ExplorerError
from touchstone.localnet.node import touchstone_command


def test_the_migrations_make_the_tables_that_the_code_uses(tmp_path):
    database = fresh_database(tmp_path / "explorer.sqlite")

    with database.writer.begin() as connection:
        # Raises where a migration is missing.
        command.check(alembic_config(connection))
        assert set(inspect(connection).get_table_names()) == {
            *Base.metadata.tables,
            "alembic_version",
        }
    assert migrate(database.writer) == "0003"
    database.close()


def test_the_migrations_can_be_taken_back(tmp_path):
    database = fresh_database(tmp_path / "explorer.sqlite")

    with database.writer.begin() as connection:
        command.downgrade(alembic_config(connection), "base")
        assert inspect(connection).get_table_names() == ["alembic_version"]
    database.close()


def test_a_data_base_of_a_newer_version_is_refused(tmp_path):
    database = fresh_database(tmp_path / "explorer.sqlite")
    with database.writer.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(ExplorerError, match="a schema that this version does not know"):
        migrate(database.writer)
    database.close()


def test_a_file_that_is_no_data_base_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("not a data base at all, but long enough to look at " * 40)
    with pytest.raises(ExplorerError, match="cannot be used"):
        migrate(open_database(str(tmp_path / "notes.txt")).writer)


@pytest.mark.parametrize("address", ["sqlite://", "nosuch://host/name", "://"])
def test_an_address_that_names_no_data_base_is_refused(address):
    with pytest.raises(ExplorerError, match="data base"):
        open_database(address)


def test_a_password_in_an_address_is_not_repeated():
    with pytest.raises(ExplorerError) as refused:
        open_database("nosuch://user:secret@host/name")
    assert "secret" not in str(refused.value)


def test_every_table_can_be_made_on_postgresql():
    for table in Base.metadata.sorted_tables:
        made = str(CreateTable(table).compile(dialect=postgresql.dialect()))
        assert table.name in made
        for index in table.indexes:
            assert str(CreateIndex(index).compile(dialect=postgresql.dialect()))


def test_the_command_migrates(tmp_path):
    path = tmp_path / "new" / "explorer.sqlite"
    arguments = [touchstone_command(), "explorer", "migrate", "--database", str(path), "--json"]
    done = warm.run(arguments)

    assert json.loads(done.stdout) == {"revision": "0003"}
    engine = create_engine(f"sqlite:///{path}")
    assert "events" in inspect(engine).get_table_names()
    engine.dispose()
