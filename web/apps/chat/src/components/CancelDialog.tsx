import { useEffect, useRef, useState } from "react";

import { ApiError, isGone, isTransient } from "../api";
import type { BookingApi } from "../api";
import { longDay, timeSpan } from "../format";
import type { ManagedAppointment } from "../types";

interface Props {
  appointment: ManagedAppointment;
  api: BookingApi;
  onClose: () => void;
  onCancelled: (answer: Partial<ManagedAppointment>) => void;
}

export function CancelDialog({ appointment, api, onClose, onCancelled }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const keep = useRef<HTMLButtonElement>(null);
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const { id, start, end, timezone } = appointment;

  useEffect(() => {
    dialog.current?.showModal();
    keep.current?.focus(); // the harmless answer first
  }, []);

  const cancel = async (): Promise<void> => {
    setBusy(true);
    try {
      onCancelled(await api.cancel(id, reason.trim()));
      onClose();
    } catch (error) {
      setProblem(explain(error));
      setBusy(false);
    }
  };

  return (
    <dialog ref={dialog} className="dialog" aria-labelledby="cancel-title" onClose={onClose}>
      <h2 id="cancel-title">Cancel this appointment?</h2>
      <p>
        {longDay(start, timezone)}, {timeSpan(start, end, timezone)}. The time becomes free for others at once.
      </p>
      <label htmlFor="cancel-reason">Reason (optional)</label>
      <textarea
        id="cancel-reason"
        rows={2}
        maxLength={500}
        value={reason}
        onChange={(event) => setReason(event.target.value)}
      />
      {problem && (
        <p className="form-error" role="alert">
          {problem}
        </p>
      )}
      <div className="dialog-buttons">
        <button type="button" className="button" ref={keep} onClick={onClose}>
          Keep it
        </button>
        <button type="button" className="button button-danger" disabled={busy} onClick={() => void cancel()}>
          {busy ? "Cancelling…" : "Cancel appointment"}
        </button>
      </div>
    </dialog>
  );
}

/** After a failure on the way nobody knows whether it was done; asking again is harmless. */
function explain(error: unknown): string {
  if (isGone(error)) return "This link is no longer valid. Please use the newest message from the shop, or call.";
  if (isTransient(error)) return "We could not confirm the cancellation. Please try again, or call the shop.";
  const detail = error instanceof ApiError ? error.message : "";
  return detail || "This appointment cannot be cancelled here. Please call the shop.";
}
