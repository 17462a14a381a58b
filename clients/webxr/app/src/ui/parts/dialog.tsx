// A modal dialog: the browser's own, which traps focus, closes with Escape and gives focus back.
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { useApp } from "../context";
import { IconButton } from "./button";

export interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly testId?: string;
  readonly children: ComponentChildren;
}

export function Dialog({ title, onClose, testId, children }: DialogProps) {
  const { t } = useApp();
  const titleId = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      class="dialog"
      aria-labelledby={titleId}
      data-testid={testId}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === dialog.current) onClose();
      }}
    >
      <div class="dialog-sheet">
        <header>
          <h2 id={titleId}>{title}</h2>
          <IconButton icon="close" label={t("close")} onClick={onClose} />
        </header>
        <div class="dialog-body">{children}</div>
      </div>
    </dialog>
  );
}
