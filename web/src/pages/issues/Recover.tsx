// Has everything delivered again that was given up by an issue, and says what comes of it.
import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { Issue } from "../../api/issues";
import { recoverIssue } from "../../api/issues";
import { counted } from "../../parts/format";

export function Recover({ issue }: { issue: Issue }) {
  const client = useQueryClient();
  const { mutate, isPending, data, error } = useMutation({
    mutationFn: async () => await recoverIssue(issue.id),
    onSettled: async () => {
      await client.invalidateQueries({ queryKey: ["issue"] });
    },
  });
  return (
    <>
      <Button
        variant="default"
        size="compact-sm"
        disabled={issue.gave_up === 0}
        loading={isPending}
        onClick={() => mutate()}
      >
        Deliver again
      </Button>{" "}
      <span role="status">
        {data &&
          `Replay ${data.id} makes ${counted(data.expected ?? 0, "delivery", "deliveries")} again`}
        {error?.message}
      </span>
    </>
  );
}
