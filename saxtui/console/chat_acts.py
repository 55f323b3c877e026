"""What can be done on the chat screen beside asking: its commands, and what each of them does."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from saxtui.console.commands import Command
from saxtui.model.conversation import OPEN, Template, Turn, TurnState
from saxtui.model.template import filled, placeholders

if TYPE_CHECKING:
    from saxtui.console.screens.chat import ChatScreen

_CODE = re.compile(r"^ {0,3}(`{3,}|~{3,})([^\n`]*)\n(.*?)(?:^ {0,3}\1[`~]*\s*$|\Z)", re.MULTILINE | re.DOTALL)


def code_blocks(text: str) -> list[tuple[str, str]]:
    """The fenced blocks of a reply: language and code."""
    return [(match[2].strip(), match[3].rstrip("\n")) for match in _CODE.finditer(text)]


# -- why not
def _open(screen: ChatScreen) -> str:
    return "no deployment is open" if screen.party is None else ""


def _some(screen: ChatScreen) -> str:
    return "" if screen.turns else "nothing has been said yet"


def _chosen(screen: ChatScreen) -> Turn | None:
    return screen.log_view.chosen if screen.turns else None


def _answered(screen: ChatScreen) -> str:
    turn = _chosen(screen)
    return "" if turn is not None and turn.text else "there is no reply to copy"


def _with_code(screen: ChatScreen) -> str:
    turn = _chosen(screen)
    return "" if turn is not None and code_blocks(turn.text) else "there is no code in this reply"


def _retryable(screen: ChatScreen) -> str:
    return _open(screen) or ("" if screen.unanswered else "no prompt is without an answer")


def _queued(screen: ChatScreen) -> str:
    turn = _chosen(screen)
    return "" if turn is not None and turn.state is TurnState.QUEUED else "this prompt is not queued"


# -- acts
def retry(screen: ChatScreen) -> None:
    """Send the unanswered prompt again, as a turn of its own."""
    turn = screen.unanswered
    if turn is not None:
        screen.ask(turn.prompt, keep_box=screen.box.text.strip() != turn.prompt.strip())


async def begin(screen: ChatScreen) -> None:
    """An empty conversation; it is written with its first prompt."""
    await screen.open(None)
    screen.box.focus()


async def choose(screen: ChatScreen) -> None:
    """Earlier conversations: open one, or rename, delete, export, import."""
    from saxtui.console.modals.conversations import ConversationsModal

    if screen.memory is None or screen.party is None:
        return
    modal = ConversationsModal(screen.memory, screen.party.place)
    found = await screen.console.push_screen_wait(modal)
    if found is not None:
        await screen.open(found.conversation)
        if found.turn:
            screen.log_view.following = False
            screen.log_view.choose(found.turn)
    elif screen.conversation is not None:
        gone = screen.conversation.id in modal.deleted
        await screen.open(None if gone else await screen.memory.get(screen.conversation.id))
    screen.box.focus()


async def export_it(screen: ChatScreen) -> None:
    """Write the conversation as Markdown and as JSON, and say where."""
    from saxtui.console.modals.conversations import export

    if screen.memory is not None and screen.conversation is not None:
        paths = await export(screen.memory, screen.conversation)
        screen.console.tell(f"written to {paths[0]} and {paths[1].rpartition('/')[2]}")


def copy(screen: ChatScreen) -> None:
    """The chosen reply into the clipboard."""
    turn = _chosen(screen)
    if turn is not None:
        _copy(screen, turn.text, "the reply")


async def copy_code(screen: ChatScreen) -> None:
    """A code block of the chosen reply into the clipboard."""
    turn = _chosen(screen)
    blocks = code_blocks(turn.text) if turn is not None else []
    at = 0
    if len(blocks) > 1:
        from saxtui.console.modals.choose import ChooseModal

        choices = [
            (str(n), code.partition("\n")[0].strip()[:40] or "(empty)", f"{language or 'text'}, {len(code)} characters")
            for n, (language, code) in enumerate(blocks)
        ]
        chosen = await screen.console.push_screen_wait(
            ChooseModal("Copy which block?", choices, "enter copies · esc leaves")
        )
        if chosen is None:
            return
        at = int(chosen[1])
    if blocks:
        _copy(screen, blocks[at][1], "the code")


def _copy(screen: ChatScreen, text: str, what: str) -> None:
    screen.console.copy_to_clipboard(text)
    screen.console.tell(f"copied {what}, {len(text)} characters (where the terminal allows it)")


def edit(screen: ChatScreen) -> None:
    """The chosen prompt into the box; sent, it takes the place of what came from it on."""
    turn = _chosen(screen)
    if turn is not None:
        screen.edited = turn
        screen.box.put(turn.prompt)
        screen.box.focus()
        screen.console.tell("edit, then enter sends it in the place of that prompt and all after it; esc gives up")


def take_back(screen: ChatScreen) -> None:
    """A queued prompt out of the queue and back into the box."""
    turn = _chosen(screen)
    if turn is not None and turn.state in OPEN:
        screen.stop(turn)


async def system(screen: ChatScreen) -> None:
    """The text every prompt of this conversation goes with."""
    from saxtui.console.modals.text import BlockModal

    messages = screen.abilities is not None and screen.abilities.messages
    hint = (
        "Goes with every prompt, as the protocol's system message."
        if messages
        else "A Sax server takes one text: this is written above every prompt, with an empty line between."
    )
    text = await screen.console.push_screen_wait(BlockModal("System text of this conversation", screen.system, hint))
    if text is None or screen.memory is None:
        return
    screen.system = text.strip()
    if screen.conversation is not None:
        await screen.memory.set_system(screen.conversation.id, screen.system)
        screen.conversation = replace(screen.conversation, system=screen.system)
    screen.repaint()


async def templates(screen: ChatScreen) -> None:
    """Saved prompts: put one into the box, with its {placeholders} filled in; keep what is in the box as one."""
    from saxtui.console.modals.choose import ChooseModal
    from saxtui.console.modals.text import LineModal

    memory, console = screen.memory, screen.console
    if memory is None:
        return
    known = {one.name: one for one in await memory.templates()}
    choices = [(one.name, one.name, " ".join(one.text.split())) for one in known.values()]
    hint = "enter uses it · n keeps what is in the box as one · d deletes it · esc leaves"
    asked = await console.push_screen_wait(ChooseModal("Templates", choices, hint, {"n": "new", "d": "delete"}))
    match asked:
        case ("choose", name):
            values = {}
            for place in placeholders(known[name].text):
                value = await console.push_screen_wait(LineModal(f"{name}: {place}"))
                if value is None:
                    return
                values[place] = value
            screen.box.put(filled(known[name].text, values))
            screen.box.focus()
        case ("new", _):
            text = screen.box.text.strip()
            if not text:
                console.tell("write the prompt first, with {words} in braces where something is to be filled in")
                return
            title = await console.push_screen_wait(LineModal("Name of the template", hint=" ".join(text.split())[:200]))
            if title and title.strip():
                await memory.save_template(Template(" ".join(title.split())[:60], text))
                console.tell(f"kept as {title.strip()}")
        case ("delete", name) if name:
            await memory.remove_template(name)
            console.tell(f"deleted the template {name}")


async def choose_model(screen: ChatScreen) -> None:
    """Which model prompts go to."""
    name = await _model(screen, "Talk to which model?")
    if name:
        screen.model, screen.abilities = name, None
        screen.look_again()


async def compare(screen: ChatScreen) -> None:
    """Every prompt to a second model too, answers side by side; again ends it."""
    if screen.against:
        screen.against = ""
        screen.repaint()
        return
    name = await _model(screen, "Compare with which model?")
    partner = screen.partner
    if name and partner is not None and name == partner.id:
        screen.console.tell("that is the model it would be compared with")
    elif name:
        screen.against = name
        screen.repaint()


async def _model(screen: ChatScreen, title: str) -> str:
    from saxtui.console.modals.choose import ChooseModal
    from saxtui.console.modals.text import LineModal

    if screen.party is None:
        return ""
    names = await screen.party.talker.names()
    current = screen.partner.id if screen.partner is not None else ""
    choices = [(name, name, "in use" if name == current else "") for name in names]
    hint = "enter takes it · t types another id · esc leaves"
    asked = await screen.console.push_screen_wait(ChooseModal(title, choices, hint, {"t": "type"}))
    if asked is not None and asked[0] == "type":
        typed = await screen.console.push_screen_wait(LineModal("The model's id"))
        return typed.strip() if typed else ""
    return asked[1] if asked is not None else ""


def next_place(screen: ChatScreen) -> None:
    """From the prompt to the turns, to the parameters, and back to the prompt."""
    if screen.box.has_focus:
        if screen.turns:
            screen.log_view.focus()
        else:
            screen.focus_next()
        return
    fields = [field for field in screen.sampling.query("Input") if field.display]
    if screen.log_view.has_focus:
        (fields[0] if fields and screen.sampling.display else screen.box).focus()
    elif fields and fields[-1].has_focus:
        screen.box.focus()
    else:
        screen.focus_next()


def end_search(screen: ChatScreen) -> None:
    """No search any more; the view stays where it is."""
    screen.field.value = ""
    screen.field.display = False
    screen.log_view.focus()


CHAT_COMMANDS = (
    Command("chat.retry", ("ctrl+r", "r"), "retry", "Send the unanswered prompt again", retry, _retryable),
    Command("chat.new", ("ctrl+n", "n"), "new", "Begin another conversation", begin, _open),
    Command("chat.conversations", ("ctrl+t", "c"), "earlier",
            "Earlier conversations: open, search all, rename, delete, export, import", choose, _open),
    Command("chat.export", ("ctrl+s", "x"), "export", "Write the conversation as Markdown and JSON", export_it, _some),
    Command("chat.served", ("ctrl+o", "m"), "models", "What is published and loaded", lambda s: s.console.go("models")),
    Command("chat.place", ("tab",), "turns", "From the prompt to the turns, to the parameters, and back", next_place,
            footer=False),
    Command("chat.write", ("i",), "write", "To the prompt", lambda s: s.box.focus(), footer=False),
    Command("chat.system", ("ctrl+g", "s"), "system text", "The text every prompt of this conversation goes with",
            system, _open, footer=False),
    Command("chat.templates", ("ctrl+b", "t"), "templates", "Saved prompts with {placeholders}", templates, _open,
            footer=False),
    Command("chat.copy", ("y",), "copy", "Copy the chosen reply ([ and ] choose a turn)", copy, _answered,
            footer=False),
    Command("chat.code", ("b",), "copy code", "Copy a code block of the chosen reply", copy_code, _with_code,
            footer=False),
    Command("chat.edit", ("e",), "edit", "Edit the chosen prompt and send it in the place of what came from it on",
            edit, _some, footer=False),
    Command("chat.unqueue", ("d",), "unqueue", "Take the chosen queued prompt back into the box", take_back, _queued,
            footer=False),
    Command("chat.compare", ("v",), "compare", "Put every prompt to a second model too, side by side; again ends it",
            compare, _open, footer=False),
    Command("chat.model", ("a",), "model", "Choose which model prompts go to", choose_model, _open, footer=False),
)  # fmt: skip
