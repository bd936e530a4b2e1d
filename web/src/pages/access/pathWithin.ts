// Where one goes after logging in: an address of the dashboard, and never one of another host.

/** The path of `wanted`, if it is one of this origin; else the overview. */
export function pathWithin(wanted: string | undefined): string {
  if (!wanted?.startsWith("/")) return "/";
  try {
    const { origin, pathname, search, hash } = new URL(wanted, location.origin);
    const inside = origin === location.origin && !["/login", "/setup"].includes(pathname);
    return inside ? pathname + search + hash : "/";
  } catch {
    return "/";
  }
}
