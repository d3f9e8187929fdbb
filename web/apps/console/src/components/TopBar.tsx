import { Button, Menu, useMantineColorScheme } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";

import { api } from "../api";
import { forgetDrafts } from "../draft";
import icon from "../icon.svg";
import type { Me } from "../types";
import { errorText, ROLES } from "../words";

export function TopBar({ me, onHelp }: { me: Me; onHelp: () => void }) {
  const queries = useQueryClient();
  // Without it Mantine adds a style element, which the gateway's policy forbids.
  const { colorScheme, setColorScheme } = useMantineColorScheme({ keepTransitions: true });
  const leave = useMutation({
    mutationFn: api.closeSession,
    onSuccess: () => {
      forgetDrafts();
      queries.clear();
      queries.setQueryData(["me"], null);
    },
  });
  return (
    <>
      <header className="top">
        <img className="logo" src={icon} alt="" />
        <h1>Inbox</h1>
        <Menu position="bottom-end" width={260} withinPortal>
          <Menu.Target>
            <Button variant="default" size="md" loading={leave.isPending}>
              {me.name}
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Label>
              {me.email}
              <br />
              {ROLES[me.role]}
            </Menu.Label>
            <Menu.Item onClick={onHelp}>Keys</Menu.Item>
            <Menu.Divider />
            {(["auto", "light", "dark"] as const).map((scheme) => (
              <Menu.Item key={scheme} onClick={() => setColorScheme(scheme)} disabled={colorScheme === scheme}>
                {{ auto: "Colours of the device", light: "Light colours", dark: "Dark colours" }[scheme]}
              </Menu.Item>
            ))}
            <Menu.Divider />
            <Menu.Item onClick={() => leave.mutate(false)}>Sign out here</Menu.Item>
            <Menu.Item onClick={() => leave.mutate(true)}>Sign out everywhere</Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </header>
      {leave.isError && (
        <p className="banner" role="alert">
          Not signed out. {errorText(leave.error)}
        </p>
      )}
    </>
  );
}
