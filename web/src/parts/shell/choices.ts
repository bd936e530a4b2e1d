// What the palette offers for a text: pages, destinations and sources by name, and whatever has it as its id.
import type { LinkProps } from "@tanstack/react-router";
import { exact } from "../format";
import type { Page } from "./pages";

export interface Target {
  to: NonNullable<LinkProps["to"]>;
  params?: Record<string, string>;
}

export interface Offer {
  /** What kind of thing it is, as a word beside it. */
  kind: string;
  text: string;
  /** Further words that find it. */
  also?: string;
  act: Target | (() => void);
}

export interface Known {
  pages: readonly Page[];
  destinations: readonly { id: string; name: string; playground: string | null }[];
  sources: readonly { id: string; name: string }[];
  actions: readonly Offer[];
}

const OFFERS_MAX = 12;
const ID_CHARS_MAX = 200;

/** 0 where a text begins with what was typed, 1 where a word of it does, 2 elsewhere in it. */
function rank(text: string, typed: string): number | null {
  const at = text.toLowerCase().indexOf(typed.toLowerCase());
  if (at < 0) return null;
  return at === 0 ? 0 : /[\s_.-]/.test(text.charAt(at - 1)) ? 1 : 2;
}

/** What has the typed text as its id, whatever it is. */
function byId(typed: string): Offer[] {
  const digits = typed.replace(/,/g, "");
  if (/^[1-9]\d{0,14}$/.test(digits)) {
    const n = exact(Number(digits));
    return [
      {
        kind: "Event",
        text: `Open event ${n}`,
        act: { to: "/events/$id", params: { id: digits } },
      },
      {
        kind: "Issue",
        text: `Open issue ${n}`,
        act: { to: "/issues/$id", params: { id: digits } },
      },
    ];
  }
  const delivery = /^([\w.-]+)[/:]([1-9]\d{0,14})$/.exec(typed);
  if (delivery) {
    const [, destination = "", seq = ""] = delivery;
    return [
      {
        kind: "Delivery",
        text: `Open event ${exact(Number(seq))} to ${destination}`,
        act: { to: "/deliveries/$destination/$seq", params: { destination, seq } },
      },
    ];
  }
  return [];
}

/** An event by its message id, or a user: nothing tells them apart but a look at the server. */
function byText(typed: string): Offer[] {
  if (typed === "" || typed.length > ID_CHARS_MAX) return [];
  return [
    {
      kind: "Event",
      text: `Open event ${typed}`,
      act: { to: "/events/$id", params: { id: typed } },
    },
    { kind: "User", text: `Open user ${typed}`, act: { to: "/users/$id", params: { id: typed } } },
  ];
}

function named({ pages, destinations, sources, actions }: Known): Offer[] {
  return [
    ...pages.map(({ to, word }) => ({ kind: "Page", text: word, act: { to } })),
    ...destinations.map(({ id, name }) => ({
      kind: "Destination",
      text: name || id,
      also: id,
      act: { to: "/destinations/$id" as const, params: { id } },
    })),
    ...sources.map(({ id, name }) => ({
      kind: "Source",
      text: name || id,
      also: id,
      act: { to: "/sources/$id" as const, params: { id } },
    })),
    ...destinations.flatMap(({ name, id, playground }) =>
      playground === null
        ? []
        : [
            {
              kind: "Playground",
              text: name || id,
              also: `playground ${playground}`,
              act: { to: "/play/$id" as const, params: { id: playground } },
            },
          ],
    ),
    ...actions,
  ];
}

export function offers(text: string, known: Known): Offer[] {
  const typed = text.trim();
  const all = named(known);
  if (typed === "") return all.slice(0, OFFERS_MAX);
  const found = all
    .flatMap((offer) => {
      const ranks = [offer.text, offer.also ?? ""].flatMap((each) => rank(each, typed) ?? []);
      return ranks.length > 0 ? [{ offer, rank: Math.min(...ranks) }] : [];
    })
    .sort((a, b) => a.rank - b.rank)
    .map(({ offer }) => offer);
  const ids = byId(typed);
  return [...ids, ...found, ...(ids.length > 0 ? byText(typed).slice(1) : byText(typed))].slice(
    0,
    OFFERS_MAX,
  );
}
