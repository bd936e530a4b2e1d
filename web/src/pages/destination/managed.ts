// Who decides about the catalog, which is the same for all of it: a workspace file, or people here.
import { useQuery } from "@tanstack/react-query";
import { objectsQuery } from "../../api/catalog";

/** `file`, or null where people decide; also null where there is nothing yet that could tell. */
export function useManaged(): string | null {
  const { data: destinations } = useQuery(objectsQuery("destinations"));
  const { data: sources } = useQuery(objectsQuery("sources"));
  const known = [...(destinations ?? []), ...(sources ?? [])];
  return known.find((each) => each.managedBy)?.managedBy ?? null;
}
