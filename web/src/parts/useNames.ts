// The names of sources and destinations by their ids, as the latest status has them.
import { useQuery } from "@tanstack/react-query";
import { statusQuery } from "../api/status";

const named = (all: readonly { id: string; name: string }[] | undefined) => {
  const names = new Map(all?.map(({ id, name }) => [id, name || id]));
  return (id: string) => names.get(id) ?? id;
};

export function useDestinationNames(): (id: string) => string {
  const { data: status } = useQuery(statusQuery());
  return named(status?.destinations);
}

export function useSourceNames(): (id: string) => string {
  const { data: status } = useQuery(statusQuery());
  return named(status?.sources);
}
