import type { Draft } from "../conversation";
import type { ConversationStatus } from "../types";
import { words } from "../words";
import { RichText } from "./RichText";
import { speaker } from "./speaker";

interface Props {
  draft: Draft | null;
  typing: boolean;
  owner: ConversationStatus["owner"];
}

/** Outside the live log: a screen reader hears the finished message once, not its pieces. */
export function ReplyInProgress({ draft, typing, owner }: Props) {
  const text = draft && !draft.broken ? draft.text : "";
  const writing = text !== "" || typing || (draft?.broken ?? false);
  return (
    <div className="in-progress">
      {writing && (
        <div className="row row-assistant row-first" aria-hidden="true">
          <p className="speaker">{speaker(owner === "human" ? "staff" : "assistant")}</p>
          {text ? <Beginning text={text} /> : <TypingDots />}
        </div>
      )}
      <p className="visually-hidden" role="status">
        {writing ? words().writing : ""}
      </p>
    </div>
  );
}

function Beginning({ text }: { text: string }) {
  return (
    <div className="bubble">
      <RichText text={text} />
      <span className="caret" />
    </div>
  );
}

function TypingDots() {
  return (
    <div className="bubble typing">
      <span />
      <span />
      <span />
    </div>
  );
}
