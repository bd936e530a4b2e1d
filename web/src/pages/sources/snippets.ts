// The snippets of the guide to SDKs, with a source's key and address filled in. The guide is the one
// place where they stand: its snippets are run against a server with every change.

export interface Snippet {
  /** The section of the guide, such as "Browsers". */
  group: string;
  /** Which SDK within it; empty where the section has one. */
  label: string;
  language: string;
  text: string;
}

const LANGUAGES: Record<string, string> = { ruby: "Ruby", csharp: ".NET" };

/** `Phones: Swift`, or just `Node`; sections of several name them by their language. */
export function captionOf({ group, label, language }: Snippet, all: readonly Snippet[]): string {
  const alone = all.filter((each) => each.group === group).length === 1;
  if (label) return `${group}: ${label}`;
  return alone || group === "Browsers" ? group : (LANGUAGES[language] ?? `${group}: ${language}`);
}

const HEADING = /^## (.+)$/;
const FENCE = /^```(\w*[\w-]*)$/;

/** All snippets that hold a write key. */
export function snippetsOf(guide: string): Snippet[] {
  const found: Snippet[] = [];
  let group = "";
  let label = "";
  let open: { language: string; lines: string[] } | null = null;
  for (const line of guide.split("\n")) {
    const fence = FENCE.exec(line);
    if (fence && open === null) {
      open = { language: fence[1] ?? "", lines: [] };
    } else if (fence && open) {
      const text = open.lines.join("\n");
      if (text.includes("<write key>")) {
        found.push({ group, label: labelOf(label), language: open.language, text });
      }
      open = null;
      label = "";
    } else if (open) {
      open.lines.push(line);
    } else {
      group = HEADING.exec(line)?.[1] ?? group;
      if (HEADING.test(line)) label = "";
      else if (line.trim() !== "") label = line;
    }
  }
  return found;
}

/** `Kotlin 2.x:` and `The API v1.1:` name what comes; a sentence that ends so is longer. */
const labelOf = (line: string) => /^(?:The )?([A-Za-z][\w .]{1,24}):$/.exec(line)?.[1] ?? "";

/** What the guide writes in the place of addresses. */
const HOSTS = ["http://127.0.0.1:8080", "https://events.example.com"];

export function filled(text: string, writeKey: string, url: string): string {
  const base = url.replace(/\/+$/, "");
  const [, scheme = "http", host = base] = /^(\w+):\/\/(.+)$/.exec(base) ?? [];
  let done = text.replaceAll("<write key>", writeKey);
  for (const each of HOSTS) done = done.replaceAll(each, base);
  return done
    .replaceAll("127.0.0.1:8080", host)
    .replaceAll("events.example.com", host)
    .replaceAll('protocol: "http"', `protocol: "${scheme}"`);
}
