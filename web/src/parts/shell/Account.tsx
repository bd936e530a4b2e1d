// Who is logged in, and the way out; nothing where nobody has to log in.
import { Button } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { logOut, meQuery } from "../../api/me";
import { Hostile } from "../Hostile";

export function Account() {
  const { data: me } = useQuery(meQuery());
  const cache = useQueryClient();
  const navigate = useNavigate();
  const leave = useMutation({
    mutationFn: logOut,
    onSuccess: async () => {
      await navigate({ to: "/login" });
      // What the one before has seen is not shown to the next.
      cache.clear();
    },
  });
  if (me?.auth !== "session") return null;
  return (
    <p className="account">
      <span title={`Role: ${me.role}`}>
        <Hostile text={me.name} />
      </span>
      <Button
        size="compact-sm"
        variant="default"
        loading={leave.isPending}
        onClick={() => leave.mutate()}
      >
        Log out
      </Button>
    </p>
  );
}
