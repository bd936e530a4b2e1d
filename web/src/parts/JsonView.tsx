// Raw JSON text, re-indented and coloured by its tokens; numbers and escapes stay as they were sent.
import { Button } from "@mantine/core";
import { memo, useMemo, useState } from "react";
import { Hostile } from "./Hostile";
import { pretty } from "./json";

/** Lines shown at first, so that a body of megabytes does not hold up the page. */
const LINES_FIRST = 1_500;
/** Deeper levels are indented no further: nesting can be hostile too. */
const INDENT_MAX = 40;

export const JsonView = memo(function JsonView({ text }: { text: string }) {
  const [all, setAll] = useState(false);
  const { lines, brokenAt } = useMemo(() => pretty(text), [text]);
  const shown = all ? lines : lines.slice(0, LINES_FIRST);
  return (
    <>
      {brokenAt !== null && (
        <p className="note">
          {brokenAt === 0
            ? "This is not JSON; it is shown as it came."
            : "From the marked place on this is not JSON; it is shown as it came."}
        </p>
      )}
      <pre className="json">
        {shown.map((line, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: lines have no identity but their place.
          <span className="line" key={index}>
            {"  ".repeat(Math.min(line.depth, INDENT_MAX))}
            {line.tokens.map((token, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: as above.
              <span key={at} data-token={token.kind}>
                {token.kind === "mark" ? token.text : <Hostile text={token.text} />}
              </span>
            ))}
            {"\n"}
          </span>
        ))}
      </pre>
      {shown.length < lines.length && (
        <Button variant="default" size="compact-sm" onClick={() => setAll(true)}>
          Show all {lines.length} lines
        </Button>
      )}
    </>
  );
});
