import { useState } from "react";

import type { BookingApi } from "../api";
import { googleCalendarUrl, outlookUrl } from "../calendars";
import type { ManagedAppointment } from "../types";
import { words } from "../words";
import { CalendarIcon } from "./icons";

/** The file needs the token in a header, so it is fetched and handed over as a download. */
export function CalendarButtons({ api, appointment }: { api: BookingApi; appointment: ManagedAppointment }) {
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
    <div className="calendars" role="group" aria-labelledby="calendars-title">
      <h2 id="calendars-title">
        <CalendarIcon /> {words().addToCalendar}
      </h2>
      <div className="card-buttons">
        <a className="button" href={googleCalendarUrl(appointment)} target="_blank" rel="noopener noreferrer">
          Google
        </a>
        <a className="button" href={outlookUrl(appointment)} target="_blank" rel="noopener noreferrer">
          Outlook
        </a>
        <button type="button" className="button" disabled={state === "busy"} onClick={() => void download()}>
          {words().calendarFile}
        </button>
      </div>
      {state === "failed" && (
        <p className="form-error" role="alert">
          {words().calendarFailed}
        </p>
      )}
    </div>
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
