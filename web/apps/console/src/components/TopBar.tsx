import { Button, Popover, SegmentedControl, useMantineColorScheme } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { api } from "../api";
import { forgetDrafts } from "../draft";
import icon from "../icon.svg";
import { changeMember } from "../queries";
import type { Me } from "../types";
import { errorText, ROLES } from "../words";

interface Props {
  me: Me;
  title: string;
  onHelp?: () => void;
}

export function TopBar({ me, title, onHelp }: Props) {
  const queries = useQueryClient();
  const [opened, setOpened] = useState(false);
  // Without it Mantine adds a style element, which the gateway's policy forbids.
  const { colorScheme, setColorScheme } = useMantineColorScheme({ keepTransitions: true });
  const leave = useMutation({
    mutationFn: api.closeSession,
    onSuccess: () => {
      forgetDrafts();
      changeMember(queries, null);
    },
  });
  const showKeys = () => {
    setOpened(false);
    onHelp?.();
  };
  return (
    <header className="top">
      <img className="logo" src={icon} alt="" />
      <h1 className="visually-hidden">{title}</h1>
      <nav className="top-nav" aria-label="Console">
        <Link to="/inbox">Inbox</Link>
        <Link to="/calendar">Calendar</Link>
        <Link to="/leads">Leads</Link>
      </nav>
      <Popover opened={opened} onChange={setOpened} position="bottom-end" width={280} withinPortal={false} trapFocus returnFocus>
        <Popover.Target>
          <Button variant="default" size="md" onClick={() => setOpened(!opened)}>
            {me.name}
          </Button>
        </Popover.Target>
        <Popover.Dropdown className="account" aria-label="Your account">
          <p>{me.email}</p>
          <p className="dimmed small">{ROLES[me.role]}</p>
          <SegmentedControl
            aria-label="Colours"
            size="sm"
            value={colorScheme}
            onChange={(scheme) => setColorScheme(scheme as typeof colorScheme)}
            data={[
              { value: "auto", label: "Device" },
              { value: "light", label: "Light" },
              { value: "dark", label: "Dark" },
            ]}
          />
          {onHelp && (
            <Button variant="subtle" size="md" justify="start" onClick={showKeys}>
              Keys
            </Button>
          )}
          <Button variant="subtle" size="md" justify="start" loading={leave.isPending} onClick={() => leave.mutate(false)}>
            Sign out here
          </Button>
          <Button variant="subtle" size="md" justify="start" loading={leave.isPending} onClick={() => leave.mutate(true)}>
            Sign out everywhere
          </Button>
          {leave.isError && <p role="alert">Not signed out. {errorText(leave.error)}</p>}
        </Popover.Dropdown>
      </Popover>
    </header>
  );
}
