/** Workers and the routes that lead to them. See objects.ts. */

export interface WorkerScript {
    /** Its name, which is its id. */
    id: string;
    /** Text of its one module. Never answered with the rest. */
    content: string;
    /** Name of that module. Never answered. */
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
    /** Never answered. */
    zone_id: string;
    /** A name and the begin of a path, without a scheme. */
    pattern: string;
    /** Name of the Worker; none: requests that fit get none. */
    script?: string;
}
