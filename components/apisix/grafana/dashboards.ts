import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { metadata } from "../../kubernetes/ownership";

/** Settings of the dashboards for Grafana. */
export interface DashboardSettings {
    /** Namespace in which Grafana's sidecar reads ConfigMaps. Default: the namespace of the routes. */
    namespace?: string;
    /** Folder of Grafana, for sidecars with `folderAnnotation: grafana_folder`. */
    folder: string;
    /**
     * URL of the repository's folder docs/, without a trailing slash. Default: none, and links are paths in the
     * repository.
     */
    docsUrl?: string;
}

export interface GatewayDashboardsArgs extends DashboardSettings {
    namespace: string;
}

/** Name of the ConfigMap. */
export const DASHBOARDS = "alpa-auth-dashboards";

/**
 * Label and annotation that the sidecar of Grafana's Helm chart looks for (values `sidecar.dashboards.label`, `.labelValue`
 * and `.folderAnnotation` of grafana 10.x, 2026-11). The chart has no default for the annotation, so
 * this is the name that most installations use.
 */
const LABEL = { grafana_dashboard: "1" };
const FOLDER_ANNOTATION = "grafana_folder";

/** Folder with the dashboards as JSON, which `npm run golden` writes from observability/dashboards. */
const FOLDER = join(__dirname, "../../../docs/examples/grafana");
const FILES = ["alpa-auth-operators.json", "alpa-auth-caller.json"];
/** Dashboard variable with the base URL of the documentation. Links to the documentation begin with it. */
const DOCS_VARIABLE = "docs";

/**
 * The dashboards of docs/examples/grafana as a ConfigMap for the sidecar of Grafana. The stack does not check whether
 * Grafana reads it. The dashboards are the same for every stack, so one stack for each Grafana is enough.
 */
export class GatewayDashboards extends pulumi.ComponentResource {
    constructor(name: string, args: GatewayDashboardsArgs, opts?: pulumi.ComponentResourceOptions) {
        super("alpa-auth:parts:GatewayDashboards", name, args, opts);
        const { labels, annotations, ...rest } = metadata(DASHBOARDS, args.namespace);
        const rendered = renderDashboards(args);
        new k8s.core.v1.ConfigMap(
            `${name}-files`,
            {
                metadata: {
                    ...rest,
                    labels: { ...labels, ...LABEL },
                    annotations: { ...annotations, ...rendered.annotations },
                },
                data: rendered.data,
            },
            { parent: this },
        );
        this.registerOutputs({});
    }
}

/** Annotations and data of the ConfigMap. @throws Error if a dashboard's file is missing in this repository */
export function renderDashboards({ folder, docsUrl }: Omit<DashboardSettings, "namespace">) {
    return {
        annotations: { [FOLDER_ANNOTATION]: folder },
        data: Object.fromEntries(
            FILES.map((file) => [file, linkedTo(docsUrl, readFileSync(join(FOLDER, file), "utf8"))]),
        ),
    };
}

interface Dashboard {
    templating: { list: { name: string; query?: unknown }[] };
}

/** Sets the address of the documentation in a dashboard, so that the dashboard's links open pages below that address. */
function linkedTo(docsUrl: string | undefined, text: string): string {
    if (docsUrl === undefined) return text;
    const dashboard = JSON.parse(text) as Dashboard;
    for (const variable of dashboard.templating.list) if (variable.name === DOCS_VARIABLE) variable.query = docsUrl;
    return `${JSON.stringify(dashboard, null, 2)}\n`;
}
