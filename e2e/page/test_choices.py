"""What a person chooses and the tab keeps: settings, keys, the draft over a reload, the model. On the processor, where loading is quick."""

from __future__ import annotations

from threading import Event

from playwright.sync_api import Route, expect

from e2e.page.conftest import Watched


def test_settings_reload(loaded: Watched) -> None:
    page = loaded.page
    page.get_by_text("Details", exact=True).click()
    apply = page.get_by_role("button", name="Apply", exact=True)
    expect(apply).to_be_disabled()
    page.get_by_label("Top K").fill("1")
    page.get_by_label("Seed").fill("41")
    with loaded.through("loading", "ready"):
        apply.click()
    expect(page.get_by_label("Top K")).to_have_value("1")
    first = loaded.write()
    assert len(first.split()) > 5
    expect(page.locator(".figures-list div", has_text="Seed").locator("dd")).to_have_text("41")
    with loaded.through("loading", "writing", "ready"):
        page.get_by_role("button", name="Try again").click()
    assert loaded.post == first, "with top K 1 every seed writes the same"
    expect(page.get_by_label("Seed")).to_have_value("42")


def test_keyboard(loaded: Watched) -> None:
    page = loaded.page
    page.get_by_label("Your text").focus()
    page.keyboard.press("Tab")
    expect(page.get_by_role("radio", name="Friendly")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="Professional")).to_be_checked()
    page.get_by_label("Your text").focus()
    with loaded.through("writing", "ready"):
        page.keyboard.press("Control+Enter")
    expect(page.locator(".card-kind")).to_contain_text("Professional")


def test_reload_keeps_the_draft(loaded: Watched) -> None:
    page = loaded.page
    text = page.get_by_label("Your text").input_value()
    page.get_by_role("radio", name="Professional").check()
    loaded.open_details()
    page.get_by_label("Seed").fill("42")
    with loaded.through("loading", "ready"):
        page.get_by_role("button", name="Apply", exact=True).click()
    page.reload()
    expect(page.get_by_label("Your text")).to_have_value(text)
    expect(page.get_by_role("radio", name="Professional")).to_be_checked()
    loaded.wait_for("ready")
    expect(page.get_by_label("Seed")).to_have_value("42")


def test_other_model_while_one_is_loading(loaded: Watched) -> None:
    """After a reload the tab still has the model that was chosen; who waits for the wrong one takes another."""
    page = loaded.page
    with loaded.through("loading", "ready"):
        loaded.choose_model("endless")
    held: list[Route] = []
    let_go = Event()

    def hold(route: Route) -> None:
        if let_go.is_set():
            route.continue_()
        else:
            held.append(route)

    page.route("**/workers/*.worker.js", hold)
    page.reload()
    page.wait_for_selector("body[data-phase=loading]")
    picker = page.get_by_label("Model", exact=True)
    expect(picker.locator("option:checked")).to_contain_text("endless")
    loaded.choose_model("demo")
    expect(page.locator(".model-facts")).to_contain_text("demo")
    loaded.choose_model("endless")
    with loaded.through("ready"):
        let_go.set()
        for route in held:
            route.continue_()
    expect(page.locator(".model-facts")).to_contain_text("endless")
    expect(picker.locator("option:checked")).to_contain_text("endless")
