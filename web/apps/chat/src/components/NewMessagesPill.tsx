import { DownIcon } from "./icons";

export function NewMessagesPill({ count, onPress }: { count: number; onPress: () => void }) {
  const text = count === 0 ? "" : count === 1 ? "1 new message" : `${count} new messages`;
  return (
    <button type="button" className={`pill${text ? "" : " pill-plain"}`} onClick={onPress}>
      {text || <span className="visually-hidden">Go to the newest message</span>}
      <DownIcon />
    </button>
  );
}
