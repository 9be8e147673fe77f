/** The queries of a dashboard, as Grafana sends them. */
import type { DashboardBuilder } from "@grafana/grafana-foundation-sdk/dashboard";

export interface Panel {
    title: string;
    description?: string;
    queries: string[];
    links: { title: string; url: string }[];
}

/** Panels with queries. */
export function panelsOf(build: () => DashboardBuilder): Panel[] {
    return (build().build() as any).panels
        .filter(({ targets }: any) => targets !== undefined)
        .map(({ title, description, targets, links = [] }: any) => ({
            title,
            description,
            links,
            queries: targets.map(({ expr }: any) => expr),
        }));
}

/** Replaces the variables of a query, for a time range of an hour with a point each five minutes. */
export function substituted(query: string, variables: { stack: string; consumer: string }): string {
    const values: Record<string, string> = { ...variables, __rate_interval: "5m", __range: "1h" };
    return query.replace(/\$\{?(\w+)\}?/g, (_, name: string) => {
        if (!Object.hasOwn(values, name)) throw new Error(`${query} has variable ${name}, which no dashboard declares`);
        return values[name];
    });
}
