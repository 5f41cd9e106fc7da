/** Documents of lci as tests need them: whole, and with what the test says. */

import type { BuildDocument, BuildPage, ProjectDocument, SlotDocument } from "../wire/generated.ts";

export function buildOf(given: Partial<BuildDocument> = {}): BuildDocument {
  return {
    id: 1, project_id: 1, project_name: "shop", build_number: 1, status: "Success", trigger: "webhook", branch: "main",
    commit_hash: "9f2c1ab0000000000000000000000000000000aa", commit_message: "Open the shop", commit_author: "Ana",
    queue_key: "", priority: 0, parameters: {}, deploy: true, deployed_slot: null, output_build_id: null, retained: true,
    health_check_attempts: 0, cancel_requested: false, restarts: 0, infra_retries: 0, log_lines: 0,
    queued_at: "2026-11-20T11:00:00.000Z", started_at: "2026-11-20T11:00:01.000Z", finished_at: null, duration_seconds: null,
    trust: "trusted", pull_request: null, waits_for: null, approved_by: null, approved_at: null, requested_by: "",
    ...given,
  }; // prettier-ignore
}

export function pageOf(given: Partial<BuildPage> = {}): BuildPage {
  return { ...buildOf(given), queue_position: null, stages: [], failure: null, effective: null, ...given };
}

export function slotOf(given: Partial<SlotDocument> = {}): SlotDocument {
  return {
    status: "empty", port: 9001, container_id: null, build_id: null, build_number: null, commit_hash: null, started_at: null,
    uptime_seconds: null, health: "unknown", ...given,
  }; // prettier-ignore
}

export function projectOf(given: Partial<ProjectDocument> = {}): ProjectDocument {
  return {
    id: 1, name: "shop", repo: "acme/shop", branch: "main", path_filter: "**", working_directory: "", build_image: "node:20",
    build_command: "npm ci", build_script: [], build_env: {}, build_secrets: [], build_timeout: 3600, build_memory: null, build_cpus: null,
    cache_type: "none", cache_mode: "shared", pull: "missing", runtime_image: "nginx", runtime_command: "", runtime_before: "", runtime_port: 8080,
    runtime_env: {}, runtime_secrets: [], runtime_read_only: false, runtime_memory: null, runtime_cpus: null, mount_path: "/app",
    health_check_url: "/", health_check_status: "200-399", health_check_timeout: 30, health_check_interval: 5,
    health_check_retries: 10, start_period: 0, bake_seconds: 0, keep_failed: false, drain_timeout: 30, domains: [], strip_prefix: true,
    rewrite_redirects: true, scope_cookies: true, pull_requests: "off", queue_key: "", queue_policy: "fifo", queue_limit: 50, parameters: {},
    keep_releases: 5, auto_deploy: true, blue_port: 9001, green_port: 9002, active_slot: null, stopped: false, maintenance: null,
    public_url: "http://127.0.0.1:8080/shop/", webhook_url: "", webhook_secret_set: false, repo_token_set: false,
    deploy_key_set: false, revision: 1, created_at: "2026-11-20T11:00:00.000Z", updated_at: "2026-11-20T11:00:00.000Z",
    last_build: null, blue: slotOf(), green: slotOf({ port: 9002 }), ...given,
  } as ProjectDocument; // prettier-ignore
}
