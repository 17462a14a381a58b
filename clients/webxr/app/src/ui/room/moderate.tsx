// Acts of moderators: each asks for a reason first, since each is written down.
import { useState } from "preact/hooks";
import { MAX_REASON, type ModeratorAct } from "../../state/actions";
import { useApp } from "../context";
import { Button } from "../parts/button";
import { Dialog } from "../parts/dialog";
import { Field, typedDirection } from "../parts/field";

export interface ModerateProps {
  readonly act: ModeratorAct;
  /** 0 for acts on the room. */
  readonly entity: number;
  readonly name: string;
}

export function ModerateButton(props: ModerateProps) {
  const { t } = useApp();
  const [isAsking, setAsking] = useState(false);
  const { act } = props;
  return (
    <>
      <Button
        icon={act === "lock" || act === "unlock" ? act : "shield"}
        tone={act === "kick" ? "danger" : "quiet"}
        data-testid={`moderate-${act}`}
        onClick={() => {
          setAsking(true);
        }}
      >
        {t(`moderate.${act}`)}
      </Button>
      {isAsking && (
        <ReasonDialog
          {...props}
          onClose={() => {
            setAsking(false);
          }}
        />
      )}
    </>
  );
}

function ReasonDialog({ act, entity, name, onClose }: ModerateProps & { readonly onClose: () => void }) {
  const { actions, t } = useApp();
  const [reason, setReason] = useState("");
  return (
    <Dialog title={t(`moderate.${act}`)} onClose={onClose} testId="moderate-dialog">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          onClose();
          void actions.moderate(act, entity, reason.trim());
        }}
      >
        <p>{t(`moderate.${act}_what`, { name })}</p>
        <Field label={t("moderate.reason")} hint={t("moderate.audited")}>
          {(control) => (
            <input
              {...control}
              type="text"
              autocomplete="off"
              dir={typedDirection(reason)}
              maxLength={MAX_REASON}
              data-testid="moderate-reason"
              value={reason}
              onInput={(event) => {
                setReason(event.currentTarget.value);
              }}
            />
          )}
        </Field>
        <div class="dialog-buttons">
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button type="submit" tone={act === "kick" ? "danger" : "primary"} data-testid="moderate-confirm">
            {t(`moderate.${act}`)}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
