"""The only tab of a WebKit, with the names that people see on the page, as Playwright has them for the other browsers."""

from __future__ import annotations

from typing import Any

from selenium.webdriver import Remote
from selenium.webdriver.common.by import By
from selenium.webdriver.support.expected_conditions import staleness_of
from selenium.webdriver.support.ui import WebDriverWait

STEP_SECONDS = 20
LOAD_SECONDS = 120
"""The engine takes two seconds, and more on a busy machine."""


class Tab:
    """What a test does in the tab, and what it sees."""

    def __init__(self, driver: Remote) -> None:
        self.driver = driver

    def open(self, url: str) -> None:
        """Goes there; the page's module has run."""
        self.driver.get(url)

    def run(self, script: str, *arguments: Any) -> Any:
        """What a script returns."""
        return self.driver.execute_script(script, *arguments)

    def press(self, name: str) -> None:
        """Clicks the button of this name."""
        button = self.driver.find_element(By.XPATH, f"//button[normalize-space() = '{name}']")
        self.run("arguments[0].scrollIntoView({ block: 'center' })", button)
        button.click()

    def load_by(self, name: str) -> None:
        """Clicks a button that loads the page again, and waits until it does."""
        before = self.driver.find_element(By.TAG_NAME, "html")
        self.press(name)
        WebDriverWait(self.driver, STEP_SECONDS).until(staleness_of(before), f"{name} did not load the page again")

    @property
    def phase(self) -> str:
        """Of the page: loading, ready, writing, problem."""
        return str(self.run("return document.body?.dataset.phase ?? ''"))

    @property
    def status(self) -> str:
        """The line that says what the page is doing."""
        return str(self.run("return document.querySelector('[role=status]')?.textContent ?? ''"))

    @property
    def post(self) -> str:
        """What has been written."""
        return str(self.run("return document.querySelector('[role=log]')?.textContent ?? ''"))

    def wait_for(self, phase: str, seconds: float = LOAD_SECONDS) -> None:
        """Until the page is in `phase`; a problem's screen instead fails with what it says."""
        WebDriverWait(self.driver, seconds).until(
            lambda _: self.phase in (phase, "problem"), f"the page did not come to {phase}"
        )
        assert phase == "problem" or self.phase != "problem", self.run(
            "return document.querySelector('.problem').innerText"
        )

    def wait_for_status(self, status: str) -> None:
        """Until the page says that it is doing this."""
        WebDriverWait(self.driver, STEP_SECONDS).until(
            lambda _: self.status == status, f"the page did not say {status}"
        )

    def wait_for_post(self) -> None:
        """Until there is some of it."""
        WebDriverWait(self.driver, LOAD_SECONDS).until(lambda _: self.post, "no text came")

    def problem(self) -> str:
        """The code of the problem on the screen, once there is one; the screen has a title, a sentence and focus."""
        self.wait_for("problem")
        code, visible, focused, sentence = self.run(
            """
            const box = document.querySelector(".problem");
            const heading = box.querySelector("h1, h2");
            return [box.dataset.code, box.checkVisibility(), document.activeElement === heading,
              box.querySelector(".problem-sentence").textContent.trim()];
            """
        )
        assert visible and focused and sentence.endswith((".", ":"))
        return str(code)
