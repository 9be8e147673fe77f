export interface WorkerScript {
    /** The name, which is the id. */
    id: string;
    /**
     * Text of the Worker's only module. The API returns this text at a separate endpoint, and never with the other
     * fields.
     */
    content: string;
    /** Name of the Worker's module. Never returned by the API. */
    main_module: string;
    compatibility_date: string;
    logpush: boolean;
    usage_model: string;
    etag: string;
    handlers: string[];
    created_on: string;
    modified_on: string;
}

export interface WorkerRoute {
    id: string;
    /** Zone of the route. Never returned by the API. */
    zone_id: string;
    /** A hostname and a path, which can end with `*`, without a scheme: see workers/patterns.ts. */
    pattern: string;
    /** Name of the Worker; unset if matching requests run no Worker. */
    script?: string;
}
