import { useCallback, useEffect, useMemo, useState } from "react";

import { ApiError, bookingApi, isGone } from "../api";
import type { BookingApi } from "../api";
import type { ManagedAppointment, ManageView } from "../types";

const RETRY_MS = 3_000;

export type ManageState =
  | { phase: "loading"; offline: boolean }
  | { phase: "ready"; view: ManageView }
  | { phase: "gone" };

interface Manage {
  state: ManageState;
  api: BookingApi;
  /** Shows the appointment as the server answered to a cancellation or a move. */
  changed: (answer: Partial<ManagedAppointment>) => void;
}

export function useManage(token: string): Manage {
  const api = useMemo(() => bookingApi(token), [token]);
  const [state, setState] = useState<ManageState>({ phase: "loading", offline: false });

  useEffect(() => {
    let stopped = false;
    let timer: ReturnType<typeof setTimeout>;
    const load = async (): Promise<void> => {
      const next = await loadOnce(api);
      if (stopped) return;
      setState(next.state);
      if (next.state.phase === "loading") timer = setTimeout(load, next.retryMs);
    };
    void load();
    return () => {
      stopped = true;
      clearTimeout(timer);
    };
  }, [api]);

  const changed = useCallback((answer: Partial<ManagedAppointment>) => {
    setState((before) => {
      if (before.phase !== "ready") return before;
      const { status, start, end } = { ...before.view.appointment, ...answer };
      return { phase: "ready", view: { ...before.view, appointment: { ...before.view.appointment, status, start, end } } };
    });
  }, []);

  return { state, api, changed };
}

async function loadOnce(api: BookingApi): Promise<{ state: ManageState; retryMs: number }> {
  try {
    return { state: { phase: "ready", view: await api.manage() }, retryMs: 0 };
  } catch (error) {
    if (isGone(error)) return { state: { phase: "gone" }, retryMs: 0 };
    const retryMs = Math.max(RETRY_MS, (error instanceof ApiError && error.retryAfterMs) || 0);
    return { state: { phase: "loading", offline: true }, retryMs };
  }
}
