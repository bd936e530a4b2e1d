// A button that copies text and says that it did; also works where the page is not on HTTPS.
import { ActionIcon, Button } from "@mantine/core";
import { useEffect, useState } from "react";
import { Icon } from "./Icon";

const SAID_MS = 1_600;

/** The clipboard API needs a secure context; a server reached by its LAN address is none. */
export async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "offscreen";
    area.setAttribute("aria-hidden", "true");
    document.body.append(area);
    area.select();
    try {
      return document.execCommand("copy");
    } finally {
      area.remove();
    }
  }
}

interface Props {
  /** What is copied, as a noun: "write key". */
  what: string;
  text: string | (() => string);
  /** With a caption the button has words, without it is an icon. */
  caption?: string;
}

export function Copy({ what, text, caption }: Props) {
  const [said, setSaid] = useState<"" | "Copied" | "Could not copy">("");
  useEffect(() => {
    if (said === "") return;
    const timer = setTimeout(() => setSaid(""), SAID_MS);
    return () => clearTimeout(timer);
  }, [said]);
  const copy = async () => {
    const ok = await copied(typeof text === "string" ? text : text());
    setSaid(ok ? "Copied" : "Could not copy");
  };
  const icon = <Icon name={said === "Copied" ? "done" : "copy"} />;
  const label = `Copy ${what}`;
  return (
    <>
      {caption ? (
        <Button size="compact-sm" variant="default" leftSection={icon} onClick={copy}>
          {said || caption}
        </Button>
      ) : (
        <ActionIcon
          variant="subtle"
          color="gray"
          title={said || label}
          aria-label={label}
          onClick={copy}
        >
          {icon}
        </ActionIcon>
      )}
      <span className="offscreen" role="status">
        {said}
      </span>
    </>
  );
}
