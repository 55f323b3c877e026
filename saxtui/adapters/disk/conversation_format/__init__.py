"""Every format the chat's memory has had. A file is carried forward through those it lacks; none is ever edited."""

from saxtui.adapters.disk.conversation_format import v1, v2

MIGRATIONS = (v1.migrate, v2.migrate)
