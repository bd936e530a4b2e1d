// Opens the palette and the help of the keys: by key, by button, or by an id that is pasted.
import { ActionIcon } from "@mantine/core";
import { useEffect, useState } from "react";
import type { StatusSeen } from "../../api/status";
import { Icon } from "../Icon";
import { takesText } from "../keys/board";
import { useKey } from "../keys/useKey";
import type { Offer } from "./choices";
import { KeyHelp } from "./KeyHelp";
import { Palette } from "./Palette";
import { PAGES } from "./pages";
import { focusRow, searchField } from "./rows";

const PASTE_CHARS_MAX = 200;

type Open = { what: "palette"; begin: string } | { what: "keys" } | null;

export function Finder({ status }: { status: StatusSeen | undefined }) {
  const [open, setOpen] = useState<Open>(null);
  const openPalette = (begin = "") => setOpen({ what: "palette", begin });
  useKey("?", "Show the keys", () => setOpen({ what: "keys" }));
  useKey("/", "Search", () => {
    const field = searchField();
    if (field) field.focus();
    else openPalette();
  });
  useKey("j", "Next row", () => focusRow(1));
  useKey("k", "Row before", () => focusRow(-1));
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey)) return;
      if (event.altKey || event.shiftKey) return;
      event.preventDefault();
      setOpen((now) => (now === null ? { what: "palette", begin: "" } : now));
    };
    const pasted = (event: ClipboardEvent) => {
      if (takesText(event.target) || document.querySelector("dialog[open]")) return;
      const text = event.clipboardData?.getData("text/plain").trim() ?? "";
      if (text === "" || text.length > PASTE_CHARS_MAX || text.includes("\n")) return;
      // It would go into the field of the palette once more.
      event.preventDefault();
      setOpen({ what: "palette", begin: text });
    };
    document.addEventListener("keydown", pressed);
    document.addEventListener("paste", pasted);
    return () => {
      document.removeEventListener("keydown", pressed);
      document.removeEventListener("paste", pasted);
    };
  }, []);
  const actions: Offer[] = [
    { kind: "Action", text: "Show the keys", act: () => setOpen({ what: "keys" }) },
  ];
  const known = {
    pages: PAGES,
    destinations: status?.destinations ?? [],
    sources: status?.sources ?? [],
    actions,
  };
  return (
    <>
      <ActionIcon
        variant="subtle"
        color="gray"
        size="lg"
        aria-label="Search"
        title="Search (Ctrl K)"
        onClick={() => openPalette()}
      >
        <Icon name="search" />
      </ActionIcon>
      {open?.what === "palette" && (
        <Palette known={known} begin={open.begin} onClose={() => setOpen(null)} />
      )}
      {open?.what === "keys" && <KeyHelp onClose={() => setOpen(null)} />}
    </>
  );
}
