import { useEffect, useRef, useState } from "react";

import { ApiError, isGone, isTransient } from "../api";
import type { BookingApi } from "../api";
import { longDay, timeSpan } from "../format";
import { words } from "../words";
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
      <h2 id="cancel-title">{words().cancelAsk}</h2>
      <p>
        {longDay(start, timezone)}, {timeSpan(start, end, timezone)}. {words().cancelNote}
      </p>
      <label htmlFor="cancel-reason">{words().reason}</label>
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
          {words().keepIt}
        </button>
        <button type="button" className="button button-danger" disabled={busy} onClick={() => void cancel()}>
          {busy ? words().cancelling : words().cancelIt}
        </button>
      </div>
    </dialog>
  );
}

/** After a failure on the way nobody knows whether it was done; asking again is harmless. */
function explain(error: unknown): string {
  if (isGone(error)) return words().cancelGone;
  if (isTransient(error)) return words().cancelUnsure;
  const detail = error instanceof ApiError ? error.message : "";
  return detail || words().cancelRefused;
}
