import { expect, test } from "vitest";

import { googleCalendarUrl, outlookUrl } from "../src/calendars";
import type { ManagedAppointment } from "../src/types";

const APPOINTMENT: ManagedAppointment = {
  id: "a1",
  number: "A-1",
  status: "booked",
  start: "2025-11-28T09:00:00-08:00",
  end: "2025-11-28T12:30:00-08:00",
  timezone: "America/Los_Angeles",
  service: { name: "Ceramic & more" },
  total_cents: 100,
  location: { name: "Sample Tint", address: "100 Sample Street", phone: "+16195550142" },
  manage_url: "https://leads.example/m/secret",
};

test("calendars get the moment, the place and no link of ours", () => {
  const google = new URL(googleCalendarUrl(APPOINTMENT)).searchParams;
  expect(google.get("dates")).toBe("20251128T170000Z/20251128T203000Z");
  expect(google.get("text")).toBe("Ceramic & more – Sample Tint");
  const outlook = new URL(outlookUrl(APPOINTMENT)).searchParams;
  expect(outlook.get("startdt")).toBe("2025-11-28T17:00:00.000Z");
  expect(outlook.get("location")).toBe("Sample Tint, 100 Sample Street");
  expect(googleCalendarUrl(APPOINTMENT) + outlookUrl(APPOINTMENT)).not.toContain("secret");
});
