import type { Noun } from "../../arguments";
import { command as abort } from "./abort";
import { command as plan } from "./plan";
import { command as rehearse } from "./rehearse";
import { command as run } from "./run";
import { command as status } from "./status";

export const modelUpgrade: Noun = {
    name: "model upgrade",
    description: "Replace image, model or weights of Alpa in the cluster (option intra-b)",
    commands: [plan, rehearse, run, status, abort],
};
