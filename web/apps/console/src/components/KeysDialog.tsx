import { Switch } from "@mantine/core";
import { Fragment } from "react";

import { KEYS } from "../keys";
import { Dialog } from "./Dialog";

const OF_THE_INBOX: [string, string][] = [
  ["Enter", "Send what you wrote (Shift+Enter: a new line)"],
  ["Esc", "Leave the text box; the draft stays"],
];

interface Props {
  opened: boolean;
  onClose: () => void;
  enabled: boolean;
  onEnable: (enabled: boolean) => void;
  others?: [key: string, what: string][];
  keys?: { key: string; what: string }[];
}

export function KeysDialog({ opened, onClose, enabled, onEnable, keys = KEYS, others = OF_THE_INBOX }: Props) {
  if (!opened) return null;
  return (
    <Dialog title="Keys" onClose={onClose}>
          <dl className="keys">
            {keys.map(({ key, what }) => (
              <Fragment key={key}>
                <dt className="key">{key}</dt>
                <dd>{what}</dd>
              </Fragment>
            ))}
            {others.map(([key, what]) => (
              <Fragment key={key}>
                <dt className="key">{key}</dt>
                <dd>{what}</dd>
              </Fragment>
            ))}
          </dl>
          <Switch
            size="md"
            label="Single keys work"
            checked={enabled}
            onChange={(event) => onEnable(event.currentTarget.checked)}
          />
    </Dialog>
  );
}
