"""A person's way through the functions: a call is shown, allowed, refused, changed, always allowed; an own function; a reload. The scripted
engine loads a model; what the model says is written by the test."""

from __future__ import annotations

import json
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from e2e.page.conftest import Watched, begin_worker_with
from e2e.page.servers import FaultyServer
from e2e.page.test_accessibility import check

SAYS = """
const { call, again, text } = %s;
self.addEventListener("message", (event) => {
  const { type, id, messages } = event.data;
  if (type !== "generate" && type !== "count") return;
  event.stopImmediatePropagation();
  if (type === "count") return self.postMessage({ type: "done", id, result: 99 }); // the model's context is a small one
  const asked = messages.findLast(({ role }) => role === "user").parts.map((part) => part.text).join("");
  const told = asked.startsWith("```tool_output");
  const answer = told ? text + asked.replace(/```(?:tool_output)?|\\n/g, "") : (call[asked] ?? again);
  for (const piece of answer.match(/[^]{1,7}/g)) self.postMessage({ type: "text", id, text: piece });
  const figures = { promptTokens: 9, tokens: 5, firstTokens: 1, ended: "model", engineFigures: null };
  setTimeout(() => self.postMessage({ type: "done", id, result: figures }), 50);
});
"""
"""For a worker to begin with: what the model says to each question, and after a result."""

CALLS = {
    "What is 15% of 80?": '```tool_code\ncalculate(expression="15% of 80")\n```',
    "And of 90?": '{"name": "calculate", "parameters": {"expression": "15% of 90"}}',
    "And of 100?": '[calculate(expression="15% of 100")]',
    "Make it dark.": '{"name": "set_theme", "parameters": {"theme": "dark"}}',
    "Delete my files.": '{"name": "delete_files", "parameters": {"path": "/"}}',
    "How many guests?": '{"name": "search_documents", "parameters": {"query": "guests of a member"}}',
    "Book a table.": '{"name": "book_table", "parameters": {"day": "Friday", "people": "3"}}',
}


def ask(page: Page, question: str) -> None:
    page.get_by_label("What is to be done").fill(question)
    page.get_by_role("button", name="Ask", exact=True).click()


def test_calls_are_shown_allowed_refused_and_always_allowed(
    tab: Watched, scripted_server: FaultyServer, tmp_path: Path
) -> None:
    page = tab.page
    said = {"call": CALLS, "again": "Hello.", "text": "It is: "}
    begin_worker_with(page, "litert_lm.worker.js", SAYS % json.dumps(said))
    tab.open(f"{scripted_server.url}#/functions")
    tab.wait_for("ready")
    expect(page.get_by_role("heading", name="The demo model calls no functions")).to_be_visible()
    expect(page.get_by_role("button", name="Ask", exact=True)).to_have_attribute("aria-disabled", "true")
    check(page)
    with tab.through("loading", "ready"):
        tab.choose_model("endless")
    call = page.locator(".functions-thread .functions-call").last
    answer = page.get_by_role("log", name="The answer").last
    allow_once_and_with_other_arguments(page, call, answer)
    allow_always_and_take_it_back(page, call, answer)
    change_the_look(page, call, answer)
    call_what_is_not_there_and_a_function_of_ones_own(page, call, answer)
    search_the_documents(page, call, answer)

    ask(page, "What is 15% of 80?")
    expect(call).to_have_attribute("data-state", "waiting")
    page.keyboard.press("Escape")
    expect(page.locator(".functions-exchange").last).to_contain_text("You stopped it here.")
    expect(call).to_contain_text("Not allowed")
    page.reload()
    tab.wait_for("ready")
    expect(page.locator(".functions-exchange")).to_have_count(10)
    expect(page.get_by_role("log", name="The answer").nth(7)).to_contain_text('"number": 41')
    expect(page.get_by_role("checkbox", name="book_table")).to_be_visible()
    page.locator(".history > summary").click()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Export as JSON").click()
    waiting.value.save_as(tmp_path / "functions.json")
    exported = json.loads((tmp_path / "functions.json").read_text(encoding="utf-8"))["conversations"][0]["exchanges"]
    assert [each["ended"] for each in exported] == ["model"] * 9 + ["stopped"]
    (changed,) = exported[1]["steps"][0]["calls"]
    assert (changed["arguments"], changed["edited"]) == ({"expression": "90 * 2"}, True)


def allow_once_and_with_other_arguments(page: Page, call: Locator, answer: Locator) -> None:
    ask(page, "What is 15% of 80?")
    expect(call).to_have_attribute("data-state", "waiting")
    expect(call.get_by_role("row", name="expression")).to_contain_text("15% of 80")
    check(page)
    call.get_by_role("button", name="Allow", exact=True).click()
    expect(answer).to_contain_text('It is: {"result": 12}')
    ask(page, "And of 90?")
    call.get_by_role("button", name="Change the arguments").click()
    page.get_by_label("The arguments, as JSON").fill('{"sum": 1}')
    call.get_by_role("button", name="Allow with these").click()
    expect(call.get_by_role("alert")).to_contain_text("These arguments cannot be used.")
    page.get_by_label("The arguments, as JSON").fill('{"expression": "90 * 2"}')
    call.get_by_role("button", name="Allow with these").click()
    expect(answer).to_contain_text('"result": 180')


def allow_always_and_take_it_back(page: Page, call: Locator, answer: Locator) -> None:
    ask(page, "And of 100?")
    call.get_by_role("button", name="Always in this conversation").click()
    expect(answer).to_contain_text('"result": 15}')
    ask(page, "What is 15% of 80?")
    expect(call).to_contain_text("Always allowed")
    expect(answer).to_contain_text('"result": 12}')
    page.get_by_role("button", name="Ask again before Calculator runs").click()
    ask(page, "What is 15% of 80?")
    expect(call).to_have_attribute("data-state", "waiting")
    call.get_by_role("button", name="Refuse").click()
    expect(answer).to_contain_text("did not allow")


def change_the_look(page: Page, call: Locator, answer: Locator) -> None:
    """By the model's call, and back by hand."""
    paper = "getComputedStyle(document.body).backgroundColor"
    page.emulate_media(color_scheme="light")
    ask(page, "Make it dark.")
    call.get_by_role("button", name="Allow", exact=True).click()
    expect(answer).to_contain_text('"theme": "dark"')
    assert page.evaluate(paper) == "rgb(23, 21, 19)"
    page.get_by_label("Look", exact=True).select_option("light")
    assert page.evaluate(paper) == "rgb(250, 247, 242)"


def call_what_is_not_there_and_a_function_of_ones_own(page: Page, call: Locator, answer: Locator) -> None:
    ask(page, "Delete my files.")
    expect(call).to_contain_text("Cannot be used")
    expect(answer).to_contain_text("There is no function")
    page.get_by_role("button", name="Add a function of your own").click()
    page.get_by_role("button", name="Keep", exact=True).click()
    expect(page.get_by_role("checkbox", name="book_table")).to_be_checked()
    ask(page, "Book a table.")
    expect(call.get_by_role("row", name="people")).to_contain_text("3")
    call.get_by_label("booked").check()
    call.get_by_label("number").fill("41")
    call.get_by_role("button", name="Give this result").click()
    expect(answer).to_contain_text('{"booked": true, "number": 41}')


def search_the_documents(page: Page, call: Locator, answer: Locator) -> None:
    page.get_by_role("link", name="Documents").click()
    page.get_by_role("button", name="Try it with this document").click()
    expect(page.locator(".documents-hit").first).to_contain_text("bring two guests")
    page.get_by_role("link", name="Functions").click()
    ask(page, "How many guests?")
    call.get_by_role("button", name="Allow", exact=True).click()
    expect(answer).to_contain_text("bring two guests")
