// Chooses the screen. Everything else is in it.
import { useApp } from "./context";
import { HelpDialog } from "./help";
import { EndedScreen, FailedScreen, LoadingScreen } from "./interludes";
import { Lobby } from "./lobby/lobby";
import { Hud } from "./room/hud";
import { SettingsDialog } from "./settings";
import { ToastList } from "./toasts";

export function Root() {
  const { store } = useApp();
  const panels = store.panels.value;
  return (
    <>
      <CurrentScreen />
      {panels.has("settings") && <SettingsDialog />}
      {panels.has("help") && <HelpDialog />}
      <ToastList />
    </>
  );
}

function CurrentScreen() {
  const { store } = useApp();
  const screen = store.screen.value;
  switch (screen.kind) {
    case "lobby":
      return <Lobby />;
    case "loading":
      return <LoadingScreen {...screen} />;
    case "room":
      return <Hud />;
    case "failed":
      return <FailedScreen {...screen} />;
    case "ended":
      return <EndedScreen {...screen} />;
  }
}
