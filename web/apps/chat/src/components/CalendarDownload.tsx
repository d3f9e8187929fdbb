import { useState } from "react";

import type { BookingApi } from "../api";
import type { ManagedAppointment } from "../types";
import { CalendarIcon } from "./icons";

/** The file needs the token in a header, so it is fetched and handed over as a download. */
export function CalendarDownload({ api, appointment }: { api: BookingApi; appointment: ManagedAppointment }) {
  const [state, setState] = useState<"idle" | "busy" | "failed">("idle");
  const download = async (): Promise<void> => {
    setState("busy");
    try {
      save(await api.calendar(appointment.id), `appointment-${appointment.number}.ics`);
      setState("idle");
    } catch {
      setState("failed");
    }
  };
  return (
    <>
      <button type="button" className="button button-primary" disabled={state === "busy"} onClick={() => void download()}>
        <CalendarIcon /> Add to calendar
      </button>
      {state === "failed" && (
        <p className="form-error" role="alert">
          The calendar file could not be loaded. Please try again.
        </p>
      )}
    </>
  );
}

function save(file: Blob, name: string): void {
  const url = URL.createObjectURL(new Blob([file], { type: "text/calendar" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000); // the browser reads it after the click
}
