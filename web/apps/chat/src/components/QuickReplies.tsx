import type { Conversation } from "../conversation";
import type { Part } from "../types";
import { ActionButtons } from "./ActionButtons";

interface Props {
  conversation: Conversation;
  disabled: boolean;
  onAction: (action: string, label: string) => void;
}

/** The buttons of the moment, without those that the newest message shows itself. */
export function QuickReplies({ conversation, disabled, onAction }: Props) {
  const shown = conversation.messages.at(-1)?.parts?.flatMap(actionsShownBy) ?? [];
  const actions = conversation.actions.filter(({ id }) => !shown.includes(id));
  if (actions.length === 0) return null;
  return <ActionButtons actions={actions} disabled={disabled} onAction={onAction} />;
}

function actionsShownBy(part: Part): string[] {
  if (part.kind === "actions") return part.actions.map(({ id }) => id);
  return part.kind === "appointment" ? ["move", "cancel"] : [];
}
