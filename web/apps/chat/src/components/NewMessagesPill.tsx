import { words } from "../words";
import { DownIcon } from "./icons";

export function NewMessagesPill({ count, onPress }: { count: number; onPress: () => void }) {
  const text = count === 0 ? "" : words().newMessages(count);
  return (
    <button type="button" className={`pill${text ? "" : " pill-plain"}`} onClick={onPress}>
      {text || <span className="visually-hidden">{words().toNewest}</span>}
      <DownIcon />
    </button>
  );
}
