// Moves the focus among the rows of the page's tables, and finds the page's own search field.

/** What a row is opened by: its heading's link or button, or else its first. */
const OPENERS = "a[href], button";

function openers(): HTMLElement[] {
  return [...document.querySelectorAll("main tbody tr")].flatMap((row) => {
    const found =
      row.querySelector<HTMLElement>(`th :is(${OPENERS})`) ?? row.querySelector(OPENERS);
    return found instanceof HTMLElement ? [found] : [];
  });
}

export function focusRow(step: 1 | -1) {
  const all = openers();
  const active = document.activeElement;
  const row = active?.closest("tr");
  const at = all.findIndex((each) => each === active || (row && each.closest("tr") === row));
  const to = at < 0 ? (step > 0 ? 0 : all.length - 1) : at + step;
  const next = all[Math.min(Math.max(to, 0), all.length - 1)];
  next?.focus({ preventScroll: true });
  next?.closest("tr")?.scrollIntoView({ block: "nearest" });
}

export const searchField = () =>
  document.querySelector<HTMLElement>('main input[type="search"]:not([disabled])');
