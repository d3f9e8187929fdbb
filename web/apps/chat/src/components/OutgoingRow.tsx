import type { Outgoing } from "../conversation";
import { words } from "../words";

interface Props {
  outgoing: Outgoing;
  onRetry: (outgoing: Outgoing) => void;
  onDrop: (clientId: string) => void;
}

export function OutgoingRow({ outgoing, onRetry, onDrop }: Props) {
  return (
    <article className={`row row-customer row-first row-${outgoing.delivery}`}>
      <p className="visually-hidden">{words().you}</p>
      <div className="bubble">{outgoing.label}</div>
      <Delivery outgoing={outgoing} onRetry={onRetry} onDrop={onDrop} />
    </article>
  );
}

function Delivery({ outgoing, onRetry, onDrop }: Props) {
  switch (outgoing.delivery) {
    case "sending":
      return <p className="delivery">{words().sending}</p>;
    case "unsent":
      return (
        <p className="delivery delivery-failed">
          {words().notSent}
          <button type="button" className="text-button" onClick={() => onRetry(outgoing)}>
            {words().retry}
          </button>
          <button type="button" className="text-button" onClick={() => onDrop(outgoing.clientId)}>
            {words().remove}
          </button>
        </p>
      );
    case "refused":
      return (
        <p className="delivery delivery-failed">
          {outgoing.reason}
          <button type="button" className="text-button" onClick={() => onDrop(outgoing.clientId)}>
            {words().remove}
          </button>
        </p>
      );
  }
}
