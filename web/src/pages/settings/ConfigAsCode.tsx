// The configuration as a file: to take along, and to put in place of what runs, with a look before.
import { Button, Checkbox, Textarea } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import {
  applyConfig,
  type ConfigChange,
  type ConfigOrder,
  configQuery,
  configUrl,
  planConfig,
} from "../../api/config";
import { Asked } from "../../parts/Asked";
import { Copy } from "../../parts/Copy";
import { Changes } from "../../parts/form/Conflicts";
import { useReadOnly } from "../../parts/form/EditForm";
import { mistakesOf } from "../../parts/form/mistakes";
import { counted } from "../../parts/format";
import { Hostile } from "../../parts/Hostile";
import { Nothing, Panel, Scroll } from "../../parts/Panel";
import { useManaged } from "../destination/managed";

function Export() {
  const query = useQuery(configQuery("yaml"));
  return (
    <Panel
      title="What runs now"
      aside={
        <div className="with-all">
          {query.data !== undefined && (
            <Copy what="configuration" text={query.data} caption="Copy" />
          )}
          {(["yaml", "json"] as const).map((format) => (
            <a key={format} href={configUrl(format)} download={`workspace.${format}`}>
              {format.toUpperCase()}
            </a>
          ))}
        </div>
      }
    >
      <Asked query={query} what="the configuration">
        {(text) => (
          <Scroll label="The configuration as YAML">
            <pre className="file">
              <Hostile text={text} layout="asSent" />
            </pre>
          </Scroll>
        )}
      </Asked>
    </Panel>
  );
}

const ACTIONS: Record<string, string> = { create: "Make", change: "Change", remove: "Remove" };

function Plan({ changes }: { changes: ConfigChange[] }) {
  if (changes.length === 0) return <Nothing title="Nothing would change" />;
  return (
    <ol className="versions">
      {changes.map(({ action, kind, id, changes: members }) => (
        <li className="version" key={`${kind} ${id}`}>
          <p>
            <strong>{ACTIONS[action] ?? action}</strong> <Hostile text={`${kind} ${id}`} />
          </p>
          {members.length > 0 && (
            <Scroll label={`Changes of ${kind} ${id}`}>
              <Changes
                changes={members.map(({ field, before, after }) => ({
                  path: [field],
                  before: before ?? undefined,
                  after: after ?? undefined,
                }))}
              />
            </Scroll>
          )}
        </li>
      ))}
    </ol>
  );
}

/** The order that a text makes; a mistake in it is told as JSON's readers tell it. */
function orderOf(text: string, prune: boolean): ConfigOrder {
  try {
    return { workspace: JSON.parse(text), prune };
  } catch (cause) {
    throw new Error(`This is not JSON: ${cause instanceof Error ? cause.message : cause}`);
  }
}

function Import() {
  const client = useQueryClient();
  const readOnly = useReadOnly(useManaged());
  const [text, setText] = useState("");
  const [prune, setPrune] = useState(false);
  const plan = useMutation({ mutationFn: async () => await planConfig(orderOf(text, prune)) });
  const apply = useMutation({
    mutationFn: async () => await applyConfig(orderOf(text, prune)),
    onSuccess: () => plan.reset(),
    onSettled: async () => await client.invalidateQueries(),
  });
  const forget = () => {
    plan.reset();
    apply.reset();
  };
  const error = plan.error ?? apply.error;
  const mistakes = [...mistakesOf(error)].map(([field, detail]) => `${field}: ${detail}`);
  return (
    <Panel title="Put a file in its place">
      <div className="form">
        {readOnly !== null && <p className="note">{readOnly}</p>}
        <Textarea
          size="xs"
          label="A workspace as JSON"
          description="For YAML: postrider config plan FILE, and apply."
          autosize
          minRows={4}
          maxRows={20}
          disabled={readOnly !== null}
          value={text}
          onChange={(event) => {
            forget();
            setText(event.currentTarget.value);
          }}
        />
        <Checkbox
          size="xs"
          label="Remove what the file does not have"
          disabled={readOnly !== null}
          checked={prune}
          onChange={(event) => {
            forget();
            setPrune(event.currentTarget.checked);
          }}
        />
        {(mistakes.length > 0 ? mistakes : error ? [error.message] : []).map((each) => (
          <p className="refused" role="alert" key={each}>
            <Hostile text={each} />
          </p>
        ))}
        <div className="confirm">
          <Button
            variant="default"
            disabled={text.trim() === "" || readOnly !== null}
            loading={plan.isPending}
            onClick={() => plan.mutate()}
          >
            Show what would change
          </Button>
          {plan.data && plan.data.length > 0 && (
            <Button loading={apply.isPending} onClick={() => apply.mutate()}>
              Apply {counted(plan.data.length, "change")}
            </Button>
          )}
          <span role="status" className="secondary">
            {apply.data ? `${counted(apply.data.length, "change")} applied` : ""}
          </span>
        </div>
      </div>
      {plan.data && <Plan changes={plan.data} />}
    </Panel>
  );
}

export function ConfigAsCode() {
  return (
    <>
      <Export />
      <Import />
    </>
  );
}
