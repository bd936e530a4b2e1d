// Keeps the focus on the page for those who go by keyboard: where the thing that has it is taken away,
// it goes to what stands nearest; where that is disabled for a while, it comes back afterwards.
import { useEffect } from "react";

const FOCUSABLE = ["a[href]", "button", "input", "select", "textarea", "summary", "[tabindex]"]
  .map((each) => `${each}:not(:disabled, [tabindex="-1"])`)
  .join(", ");

/** An element and what it stands in, from the inside out. */
function trailOf(element: Element): Element[] {
  const trail: Element[] = [];
  for (let at: Element | null = element; at; at = at.parentElement) trail.push(at);
  return trail;
}

/** What is nearest to where the focus was; the beginning of the page where another one has come. */
function nearest(trail: readonly Element[]): HTMLElement | null {
  const main = document.getElementById("main");
  const left = trail.find((each) => each.isConnected);
  if (!left || left === main || left.contains(main)) return main;
  return left.querySelector<HTMLElement>(FOCUSABLE) ?? main;
}

export function useFocusKept() {
  useEffect(() => {
    let trail: Element[] = [];
    let isDisabled = false;
    const came = ({ target }: FocusEvent) => {
      if (target instanceof Element) trail = trailOf(target);
      isDisabled = false;
    };
    // Whoever clicks on nothing gives the focus up.
    const pressed = () => {
      trail = [];
    };
    const changed = () => {
      const [had] = trail;
      if (!(had instanceof HTMLElement)) return;
      isDisabled ||= had.matches(":disabled");
      if (document.activeElement !== document.body || !document.hasFocus()) return;
      if (!had.isConnected) nearest(trail)?.focus({ preventScroll: true });
      else if (isDisabled && !had.matches(":disabled")) had.focus({ preventScroll: true });
    };
    const observer = new MutationObserver(changed);
    const what = { subtree: true, childList: true, attributeFilter: ["disabled"] };
    observer.observe(document.body, what);
    document.addEventListener("focusin", came);
    document.addEventListener("pointerdown", pressed, { capture: true });
    return () => {
      observer.disconnect();
      document.removeEventListener("focusin", came);
      document.removeEventListener("pointerdown", pressed, { capture: true });
    };
  }, []);
}
