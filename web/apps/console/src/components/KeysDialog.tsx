import { CloseButton, Modal, Switch } from "@mantine/core";
import { Fragment } from "react";

import { KEYS } from "../keys";

interface Props {
  opened: boolean;
  onClose: () => void;
  enabled: boolean;
  onEnable: (enabled: boolean) => void;
}

export function KeysDialog({ opened, onClose, enabled, onEnable }: Props) {
  return (
    // Locking the scroll adds a style element, which the gateway's policy forbids; nothing behind it scrolls anyway.
    <Modal.Root opened={opened} onClose={onClose} centered lockScroll={false}>
      <Modal.Overlay />
      <Modal.Content>
        <Modal.Body className="dialog">
          <div className="dialog-head">
            <Modal.Title fw={700}>Keys</Modal.Title>
            <CloseButton size="xl" aria-label="Close" onClick={onClose} />
          </div>
          <dl className="keys">
            {KEYS.map(({ key, what }) => (
              <Fragment key={key}>
                <dt className="key">{key}</dt>
                <dd>{what}</dd>
              </Fragment>
            ))}
            <dt className="key">Enter</dt>
            <dd>Send what you wrote (Shift+Enter: a new line)</dd>
            <dt className="key">Esc</dt>
            <dd>Leave the text box; the draft stays</dd>
          </dl>
          <Switch
            size="md"
            label="Single keys work"
            checked={enabled}
            onChange={(event) => onEnable(event.currentTarget.checked)}
          />
        </Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}
