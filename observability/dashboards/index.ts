/**
 * The dashboards for Grafana, as code. `npm run golden` writes them as JSON to docs/examples/grafana/. Operators import
 * these files, or a stack puts them into a ConfigMap. The Pulumi program does not import this folder.
 *
 * The labels and metrics come from APISIX 3.18 (docs/operate/watch.md) and from
 * docs/examples/prometheus/alpa-auth.rules.yml.
 */
import type { DashboardBuilder } from "@grafana/grafana-foundation-sdk/dashboard";
import { caller } from "./caller";
import { operators } from "./operators";

/** Dashboards by file name without extension, which is also the uid in Grafana. */
export const DASHBOARDS: Record<string, () => DashboardBuilder> = {
    "alpa-auth-operators": operators,
    "alpa-auth-caller": caller,
};

/** JSON of a dashboard for Grafana's import. */
export function jsonOf(build: () => DashboardBuilder): string {
    return `${JSON.stringify(build().build(), null, 4)}\n`;
}
