/** The values of a stack file that a conversion changes; everything else stays as it is written. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { BEFORE, TARGET } from "../../components/opt/conversion-phases";
import type { Context } from "../context";
import { shownPath } from "../output";
import { filesOf, remember } from "../stack/edit-obstacles";
import { nameOf, replace } from "../stack/file-edit";
import type { Stack } from "../stack/stack";
import { assign, editableKey, editYaml } from "../stack/yaml-edit";
import type { Progress } from "./progress";

/** Where a stack file places a stack. */
export type Place = Pick<Progress, "stage" | "attempt">;

/** Sets the option, the phase and the attempt. */
export function setPlace(text: string, { stage, attempt }: Place): string {
    return editYaml(text, (config) => {
        const [option, convert] = [editableKey(config, "option"), editableKey(config, "convert")];
        const isBack = stage === BEFORE;
        assign(config, {
            [option]: isBack ? BEFORE : TARGET,
            [convert]: { phase: isBack ? undefined : stage, attempt },
        });
    });
}

/** The stack file and the callers file during a conversion, which applies only what they contained at its begin. */
export class ConversionFiles {
    private written: string;

    constructor(
        private readonly context: Pick<Context, "note" | "folder">,
        private readonly stack: Stack,
    ) {
        this.written = stack.text;
    }

    /** Writes a place into the stack file. Saves files that someone has edited meanwhile, and restores them. */
    write(place: Place): void {
        const { stack } = this;
        for (const one of filesOf(stack)) {
            const expected = one === stack ? this.written : one.text;
            const text = existsSync(one.file) ? readFileSync(one.file, "utf8") : undefined;
            if (text === expected) continue;
            this.saveAside(nameOf(stack, one), text ?? "");
            mkdirSync(dirname(one.file), { recursive: true });
            replace(one.file, expected);
        }
        const after = setPlace(stack.text, place);
        if (after === this.written) return;
        remember(stack, after);
        replace(stack.file, after);
        this.written = after;
    }

    private saveAside(name: string, text: string): void {
        const { folder, note } = this.context;
        const file = join(folder, ".alpa-auth", "local", `${basename(name)}.${Date.now()}.edited`);
        mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
        writeFileSync(file, text, { mode: 0o600 });
        note(
            `${name}: changed during the conversion, which goes on with the earlier text. The edit is in ${shownPath(file)}.`,
        );
    }
}
