// Live: everything that happens, with what it is asked to show in the address.
import { getRouteApi } from "@tanstack/react-router";
import { useCallback, useEffect } from "react";
import type { LiveFilter } from "../../api/live";
import { LiveView } from "./LiveView";

const route = getRouteApi("/live");

export function Live() {
  const { row, ...filter } = route.useSearch();
  const navigate = route.useNavigate();
  useEffect(() => {
    document.title = "Live · Postrider";
  }, []);
  const onRow = useCallback(
    (next: string | undefined) =>
      void navigate({
        search: (now) => ({ ...now, row: next }),
        replace: true,
        resetScroll: false,
      }),
    [navigate],
  );
  return (
    <LiveView
      title="Live"
      filter={filter}
      row={row}
      onFilter={(change: LiveFilter) =>
        void navigate({
          search: (now) => ({ ...now, ...change, row: undefined }),
          resetScroll: false,
        })
      }
      onClear={() => void navigate({ search: {}, resetScroll: false })}
      onRow={onRow}
    />
  );
}
