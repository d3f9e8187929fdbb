import { words } from "../words";
import type { Action } from "../types";

interface Props {
  actions: Action[];
  disabled?: boolean;
  onAction: (action: string, label: string) => void;
}

export function ActionButtons({ actions, disabled = false, onAction }: Props) {
  return (
    <div className="actions" role="group" aria-label={words().suggestions}>
      {actions.map(({ id, label }) => (
        <button key={id} type="button" className="chip" disabled={disabled} onClick={() => onAction(id, label)}>
          {label}
        </button>
      ))}
    </div>
  );
}
