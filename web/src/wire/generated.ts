// Written from routes and events by `python -m lci_app.api.typescript`; a test compares them.

export type ErrorCode = "VALIDATION_ERROR" | "BAD_REQUEST" | "UNAUTHENTICATED" | "FORBIDDEN" | "SIGNATURE_INVALID" | "NOT_FOUND" | "PROJECT_NOT_FOUND" | "BUILD_NOT_FOUND" | "DELIVERY_NOT_FOUND" | "ARTIFACT_NOT_FOUND" | "SESSION_NOT_FOUND" | "USER_NOT_FOUND" | "TOKEN_NOT_FOUND" | "SECRET_NOT_FOUND" | "REGISTRY_NOT_FOUND" | "METHOD_NOT_ALLOWED" | "REQUEST_TIMEOUT" | "PROJECT_EXISTS" | "DOMAIN_TAKEN" | "SLOT_EMPTY" | "BUILD_FINISHED" | "NOTHING_RETAINED" | "CONFLICT" | "USER_EXISTS" | "LAST_ADMINISTRATOR" | "PRECONDITION_FAILED" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "UPGRADE_REQUIRED" | "RATE_LIMITED" | "INTERNAL_ERROR" | "DOCKER_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "DATABASE_FULL" | "DATABASE_IO" | "DISK_FULL" | "DISK_READ_ONLY" | "DISK_IO" | "SHUTTING_DOWN";

export type FailureCode = "BEFORE_FAILED" | "BRANCH_NOT_FOUND" | "BUILD_TIMEOUT" | "CHECKOUT_TIMED_OUT" | "COMMAND_NOT_FOUND" | "COMMIT_NOT_FOUND" | "CONFIGURATION_INCOMPLETE" | "CONTAINER_EXITED" | "CONTAINER_GONE" | "CONTAINER_NOT_OURS" | "CONTAINER_REFUSED" | "DATABASE_BUSY" | "DATABASE_CLOSED" | "DATABASE_DAMAGED" | "DATABASE_FULL" | "DATABASE_IO" | "DATABASE_UNWRITTEN" | "DESTINATION_EXISTS" | "DISK_FAILED" | "DISK_FULL" | "DISK_IO" | "DISK_READ_ONLY" | "DOCKER_ERROR" | "DOCKER_UNAVAILABLE" | "DOMAIN_TAKEN" | "EXIT_CODE" | "FILE_REFUSED" | "GIT_FAILED" | "HEALTH_CHECK_FAILED" | "IMAGE_DENIED" | "IMAGE_NOT_FOUND" | "INTERNAL" | "LFS_UNSUPPORTED" | "LOG_FAILED" | "MOUNT_MISSING" | "NAME_TAKEN" | "NETWORKS_EXHAUSTED" | "NEVER_DEPLOYED" | "NOTHING_RETAINED" | "NOT_APPROVED" | "OUTPUT_DIFFERS" | "OUTPUT_MISSING" | "OUT_OF_MEMORY" | "PORT_TAKEN" | "PROJECT_FILE_INVALID" | "PROJECT_NOT_FOUND" | "PROXY_FAILED" | "PULL_FAILED" | "PULL_REQUESTS_OFF" | "REPOSITORY_DAMAGED" | "REPOSITORY_DENIED" | "REPOSITORY_FORBIDDEN" | "REPOSITORY_NOT_FOUND" | "REPOSITORY_UNREACHABLE" | "ROW_GONE" | "SCRIPT_MISSING" | "SECRET_MISSING" | "SECRET_UNREADABLE" | "SSH_MISSING" | "SUBMODULES_UNSUPPORTED" | "TOO_MANY_RESTARTS" | "UNSAFE_TREE" | "WORKING_DIRECTORY_MISSING" | "WORKSPACE_FAILED";

export type EventCode = "BEFORE_FAILED" | "BRANCH_NOT_FOUND" | "BUILD_TIMEOUT" | "CHECKOUT_TIMED_OUT" | "COMMAND_NOT_FOUND" | "COMMIT_NOT_FOUND" | "CONFIGURATION_INCOMPLETE" | "CONTAINER_EXITED" | "CONTAINER_GONE" | "CONTAINER_NOT_OURS" | "CONTAINER_REFUSED" | "DATABASE_BUSY" | "DATABASE_CLOSED" | "DATABASE_DAMAGED" | "DATABASE_FULL" | "DATABASE_IO" | "DATABASE_UNWRITTEN" | "DESTINATION_EXISTS" | "DISK_FAILED" | "DISK_FULL" | "DISK_IO" | "DISK_READ_ONLY" | "DOCKER_ERROR" | "DOCKER_UNAVAILABLE" | "DOMAIN_TAKEN" | "EXIT_CODE" | "FILE_REFUSED" | "GIT_FAILED" | "HEALTH_CHECK_FAILED" | "IMAGE_DENIED" | "IMAGE_NOT_FOUND" | "INTERNAL" | "INVALID_MESSAGE" | "LFS_UNSUPPORTED" | "LOG_FAILED" | "MOUNT_MISSING" | "NAME_TAKEN" | "NETWORKS_EXHAUSTED" | "NEVER_DEPLOYED" | "NOTHING_RETAINED" | "NOT_APPROVED" | "OUTPUT_DIFFERS" | "OUTPUT_MISSING" | "OUT_OF_MEMORY" | "PORT_TAKEN" | "PROJECT_FILE_INVALID" | "PROJECT_NOT_FOUND" | "PROXY_FAILED" | "PULL_FAILED" | "PULL_REQUESTS_OFF" | "REPOSITORY_DAMAGED" | "REPOSITORY_DENIED" | "REPOSITORY_FORBIDDEN" | "REPOSITORY_NOT_FOUND" | "REPOSITORY_UNREACHABLE" | "RESOURCE_NOT_FOUND" | "ROW_GONE" | "SCRIPT_MISSING" | "SECRET_MISSING" | "SECRET_UNREADABLE" | "SERVICE_DOWN" | "SSH_MISSING" | "SUBMODULES_UNSUPPORTED" | "TOO_MANY_RESTARTS" | "UNSAFE_TREE" | "WORKING_DIRECTORY_MISSING" | "WORKSPACE_FAILED";

export type ReasonCode = "DATABASE_BUSY" | "DATABASE_CLOSED" | "DATABASE_DAMAGED" | "DATABASE_FULL" | "DATABASE_IO" | "DATABASE_UNAVAILABLE" | "DATABASE_UNWRITTEN" | "DISK_FULL" | "DISK_IO" | "DISK_LOW" | "DISK_READ_ONLY" | "DOCKER_ERROR" | "DOCKER_UNAVAILABLE";

export interface Alive {
  status: string;
}

export interface ApprovalBody {
  commit_hash?: string | null;
}

export interface ArtifactDocument {
  path: string;
  size: number;
}

export interface ArtifactList {
  total: number;
  artifacts: (ArtifactDocument)[];
}

export interface AuditDocument {
  id: number;
  at: string;
  actor: string;
  address: string;
  action: string;
  subject: string;
  fields: (string)[];
  request_id: string;
  status: number | null;
}

export interface AuditList {
  total: number;
  entries: (AuditDocument)[];
}

export interface AuditQuery {
  limit?: number;
  offset?: number;
  before_id?: number | null;
}

export interface AutoDeployBody {
  enabled: boolean;
}

export interface BuildDocument {
  id: number;
  project_id: number;
  project_name: string;
  build_number: number;
  status: BuildStatus;
  trigger: Trigger;
  branch: string;
  commit_hash: string | null;
  commit_message: string;
  commit_author: string;
  queue_key: string;
  priority: number;
  parameters: Record<string, string>;
  deploy: boolean;
  trust: Trust;
  requested_by: string;
  pull_request: number | null;
  waits_for: Wait | null;
  approved_by: string | null;
  approved_at: string | null;
  deployed_slot: Slot | null;
  output_build_id: number | null;
  retained: boolean;
  health_check_attempts: number;
  cancel_requested: boolean;
  restarts: number;
  infra_retries: number;
  log_lines: number;
  queued_at: string;
  started_at: string | null;
  finished_at: string | null;
  duration_seconds: number | null;
}

export interface BuildList {
  total: number;
  builds: (BuildDocument)[];
}

export interface BuildPage {
  id: number;
  project_id: number;
  project_name: string;
  build_number: number;
  status: BuildStatus;
  trigger: Trigger;
  branch: string;
  commit_hash: string | null;
  commit_message: string;
  commit_author: string;
  queue_key: string;
  priority: number;
  parameters: Record<string, string>;
  deploy: boolean;
  trust: Trust;
  requested_by: string;
  pull_request: number | null;
  waits_for: Wait | null;
  approved_by: string | null;
  approved_at: string | null;
  deployed_slot: Slot | null;
  output_build_id: number | null;
  retained: boolean;
  health_check_attempts: number;
  cancel_requested: boolean;
  restarts: number;
  infra_retries: number;
  log_lines: number;
  queued_at: string;
  started_at: string | null;
  finished_at: string | null;
  duration_seconds: number | null;
  queue_position: number | null;
  stages: (StageDocument)[];
  failure: FailureDocument | null;
  effective: Record<string, unknown> | null;
}

export type BuildStatus = "Queued" | "Building" | "Deploying" | "Success" | "Failed" | "Cancelled";

export interface BuildStatusChanged {
  timestamp: string;
  type: "build_status";
  build_id: number;
  project_id: number;
  project_name: string;
  build_number: number;
  status: BuildStatus;
  previous_status: BuildStatus | null;
}

export interface BuildsQuery {
  limit?: number;
  offset?: number;
  before_id?: number | null;
  status?: BuildStatus | null;
  project_id?: number | null;
}

export type CacheMode = "shared" | "isolated";

export type CacheType = "none" | "gradle" | "maven" | "npm" | "pip" | "cargo" | "pub" | "go";

export interface Connected {
  timestamp: string;
  type: "connected";
  connection_id: string;
  version: string;
}

export interface ContainerStatus {
  timestamp: string;
  type: "container_status";
  project_id: number;
  slot: Slot;
  container_id: string;
  status: "Starting" | "Running" | "Stopped" | "Error";
}

export interface CreatedToken {
  id: number;
  name: string;
  scope: Scope;
  projects: (number)[] | null;
  user: string | null;
  created_at: string;
  expires_at: string | null;
  last_used_at: string | null;
  last_used_address: string | null;
  token: string;
}

export interface DeletedDocument {
  containers_removed: number;
  builds_deleted: number;
  bytes_freed: number;
}

export interface DeliveriesQuery {
  limit?: number;
  offset?: number;
  before_id?: number | null;
  project_id?: number | null;
}

export interface DeliveryDocument {
  id: number;
  delivery_id: string;
  event: string;
  received_at: string;
  verdict: Verdict;
  reason: string;
  repository: string;
  ref: string;
  before: string;
  after: string;
  project_ids: (number)[];
  build_ids: (number)[];
}

export interface DeliveryList {
  total: number;
  deliveries: (DeliveryDocument)[];
}

export interface DeploymentDocument {
  id: number;
  project_id: number;
  build_id: number;
  build_number: number;
  commit_hash: string | null;
  slot: Slot;
  outcome: DeploymentOutcome | null;
  reason: string;
  trigger: Trigger;
  requested_by: string;
  health_checks: (HealthCheckDocument)[];
  container_log: (string)[];
  started_at: string;
  switched_at: string | null;
  finished_at: string | null;
  receipt: Receipt | null;
}

export interface DeploymentEnded {
  timestamp: string;
  type: "deployment";
  build_id: number;
  project_id: number;
  project_name: string;
  status: "Success" | "Failed";
  slot: Slot;
  url: string;
  reason: string;
}

export interface DeploymentList {
  total: number;
  deployments: (DeploymentDocument)[];
}

export type DeploymentOutcome = "Success" | "Failed" | "Cancelled" | "FlippedBack";

export interface DetectBody {
  repo: string;
  branch?: string;
  repo_token?: string | null;
  working_directory?: string;
  path_filter?: string | null;
}

export interface DetectedDocument {
  commit_hash: string;
  plan: (FindingDocument)[];
  notes: (string)[];
  directories: (string)[];
  commits: (PastCommitDocument)[];
}

export interface Disk {
  total_bytes: number;
  free_bytes: number;
}

export interface DockerState {
  available: boolean;
  version: string | null;
  message: string | null;
}

export interface Done {
}

export interface ErrorEvent {
  timestamp: string;
  type: "error";
  code: EventCode;
  message: string;
  build_id?: number | null;
  project_id?: number | null;
  details?: Record<string, string | number>;
}

export interface FailureDocument {
  kind: FailureKind;
  stage: string;
  code: FailureCode;
  message: string;
  exit_code: number | null;
  log_line: number | null;
  health_checks: (HealthCheckDocument)[];
  container_log: (string)[];
}

export type FailureKind = "build" | "deploy" | "infra";

export interface FindingDocument {
  field: string;
  value: string | number | (string)[];
  reason: string;
}

export interface GitHubCallbackQuery {
  code?: string;
  state?: string;
}

export interface GitHubSignInDocument {
  client_id: string;
  client_secret_set: boolean;
  accounts: (string)[];
  organizations: (string)[];
  role: Role;
  callback_url: string;
}

export interface GitHubSignInUpdate {
  client_id: string;
  client_secret?: string | null;
  accounts?: (string)[];
  organizations?: (string)[];
  role?: Role;
}

export interface GrowingPage {
  limit?: number;
  offset?: number;
  before_id?: number | null;
}

export type Health = "healthy" | "unhealthy" | "unknown";

export interface HealthCheck {
  timestamp: string;
  type: "health_check";
  build_id: number;
  project_id: number;
  slot: Slot;
  attempt: number;
  max_attempts: number;
  status: "Checking" | "Success" | "Failed";
  url: string;
  response_code?: number | null;
  response_time_ms?: number | null;
}

export interface HealthCheckDocument {
  attempt: number;
  at: string;
  url: string;
  ok: boolean;
  status: number | null;
  error: string | null;
  ms: number;
  body: string;
}

export interface IsolationState {
  status: "enforced" | "degraded";
  message: string | null;
}

export interface KeyRotated {
  resealed: number;
  key_is_given: boolean;
}

export interface Lagged {
  timestamp: string;
  type: "lagged";
  build_id: number;
  next_line: number;
}

export interface LogBatch {
  timestamp: string;
  type: "log_batch";
  build_id: number;
  lines: ([number, string, Stream, string])[];
  continued?: (number)[];
}

export interface LogLine {
  timestamp: string;
  type: "log";
  build_id: number;
  project_id: number;
  line: string;
  line_number: number;
  stream: Stream;
  stage: string;
  continued?: boolean;
}

export interface LogLineDocument {
  number: number;
  timestamp: string;
  stream: Stream;
  stage: string;
  text: string;
  continued: boolean;
}

export interface LogMatches {
  lines: (LogLineDocument)[];
  total: number;
  next_from: number | null;
}

export interface LogPage {
  lines: (LogLineDocument)[];
  total: number;
  complete: boolean;
}

export interface LogQuery {
  from?: number | null;
  limit?: number | null;
  tail?: number | null;
}

export interface LogSearchQuery {
  q: string;
  regex?: boolean;
  from?: number;
  limit?: number;
}

export interface LogStage {
  stage: string;
  first_line: number;
}

export interface LogStages {
  stages: (LogStage)[];
}

export interface MaintenanceBody {
  enabled: boolean;
  message?: string;
}

export interface MeDocument {
  kind: "user" | "token";
  name: string;
  scope: Scope;
  projects: (number)[] | null;
  user: UserDocument | null;
  csrf_token: string | null;
}

export interface Page {
  limit?: number;
  offset?: number;
}

export interface PasswordBody {
  current_password: string;
  new_password: string;
}

export interface PastCommitDocument {
  hash: string;
  message: string;
  author: string;
  at: string;
  files: (string)[] | null;
  would_build: boolean;
  reason: string;
}

export interface Ping {
  type: "ping";
}

export interface Pong {
  timestamp: string;
  type: "pong";
}

export interface ProjectBuildsQuery {
  limit?: number;
  offset?: number;
  before_id?: number | null;
  status?: BuildStatus | null;
}

export interface ProjectCreate {
  webhook_secret?: string | null;
  repo_token?: string | null;
  deploy_key?: string | null;
  repo: string;
  branch?: string;
  path_filter?: string;
  pull_requests?: PullRequests;
  working_directory?: string;
  build_image?: string;
  build_command?: string;
  build_script?: (string)[];
  build_env?: Record<string, string>;
  build_secrets?: (string)[];
  build_timeout?: number;
  build_memory?: string | null;
  build_cpus?: number | null;
  cache_type?: CacheType | (CacheType)[];
  cache_mode?: CacheMode;
  pull?: PullPolicy;
  runtime_image?: string;
  runtime_command?: string | (string)[];
  runtime_before?: string;
  runtime_port?: number;
  runtime_env?: Record<string, string>;
  runtime_secrets?: (string)[];
  runtime_read_only?: boolean;
  runtime_memory?: string | null;
  runtime_cpus?: number | null;
  mount_path?: string;
  health_check_url?: string;
  health_check_status?: string;
  health_check_timeout?: number;
  health_check_interval?: number;
  health_check_retries?: number;
  start_period?: number;
  bake_seconds?: number;
  keep_failed?: boolean;
  drain_timeout?: number;
  domains?: (string)[];
  strip_prefix?: boolean;
  rewrite_redirects?: boolean;
  scope_cookies?: boolean;
  queue_key?: string;
  queue_policy?: QueuePolicy;
  queue_limit?: number;
  parameters?: Record<string, unknown>;
  keep_releases?: number;
  auto_deploy?: boolean;
  name: string;
}

export interface ProjectDocument {
  id: number;
  name: string;
  repo: string;
  branch: string;
  path_filter: string;
  pull_requests: PullRequests;
  working_directory: string;
  build_image: string;
  build_command: string;
  build_script: (string)[];
  build_env: Record<string, string>;
  build_secrets: (string)[];
  build_timeout: number;
  build_memory: string | null;
  build_cpus: number | null;
  cache_type: CacheType | (CacheType)[];
  cache_mode: CacheMode;
  pull: PullPolicy;
  runtime_image: string;
  runtime_command: string | (string)[];
  runtime_before: string;
  runtime_port: number;
  runtime_env: Record<string, string>;
  runtime_secrets: (string)[];
  runtime_read_only: boolean;
  runtime_memory: string | null;
  runtime_cpus: number | null;
  mount_path: string;
  health_check_url: string;
  health_check_status: string;
  health_check_timeout: number;
  health_check_interval: number;
  health_check_retries: number;
  start_period: number;
  bake_seconds: number;
  keep_failed: boolean;
  drain_timeout: number;
  domains: (string)[];
  strip_prefix: boolean;
  rewrite_redirects: boolean;
  scope_cookies: boolean;
  queue_key: string;
  queue_policy: QueuePolicy;
  queue_limit: number;
  parameters: Record<string, unknown>;
  keep_releases: number;
  auto_deploy: boolean;
  blue_port: number;
  green_port: number;
  active_slot: Slot | null;
  stopped: boolean;
  maintenance: string | null;
  public_url: string;
  webhook_url: string;
  webhook_secret_set: boolean;
  repo_token_set: boolean;
  deploy_key_set: boolean;
  revision: number;
  created_at: string;
  updated_at: string;
  last_build: BuildDocument | null;
  blue: SlotDocument;
  green: SlotDocument;
}

export interface ProjectList {
  total: number;
  projects: (ProjectDocument)[];
}

export interface ProjectUpdate {
  webhook_secret?: string | null;
  repo_token?: string | null;
  deploy_key?: string | null;
  repo?: string;
  branch?: string;
  path_filter?: string;
  pull_requests?: PullRequests;
  working_directory?: string;
  build_image?: string;
  build_command?: string;
  build_script?: (string)[];
  build_env?: Record<string, string>;
  build_secrets?: (string)[];
  build_timeout?: number;
  build_memory?: string | null;
  build_cpus?: number | null;
  cache_type?: CacheType | (CacheType)[];
  cache_mode?: CacheMode;
  pull?: PullPolicy;
  runtime_image?: string;
  runtime_command?: string | (string)[];
  runtime_before?: string;
  runtime_port?: number;
  runtime_env?: Record<string, string>;
  runtime_secrets?: (string)[];
  runtime_read_only?: boolean;
  runtime_memory?: string | null;
  runtime_cpus?: number | null;
  mount_path?: string;
  health_check_url?: string;
  health_check_status?: string;
  health_check_timeout?: number;
  health_check_interval?: number;
  health_check_retries?: number;
  start_period?: number;
  bake_seconds?: number;
  keep_failed?: boolean;
  drain_timeout?: number;
  domains?: (string)[];
  strip_prefix?: boolean;
  rewrite_redirects?: boolean;
  scope_cookies?: boolean;
  queue_key?: string;
  queue_policy?: QueuePolicy;
  queue_limit?: number;
  parameters?: Record<string, unknown>;
  keep_releases?: number;
  auto_deploy?: boolean;
  name?: string;
  blue_port?: number;
  green_port?: number;
}

export type PullPolicy = "missing" | "always";

export type PullRequests = "off" | "same_repository" | "forks_after_approval";

export type QueuePolicy = "all" | "latest";

export interface QueuedBuild {
  build_id: number;
  build_number: number;
  project_id: number;
  project_name: string;
  status: BuildStatus;
  trigger: Trigger;
  branch: string;
  commit_hash: string | null;
  queue_key: string;
  queue_position: number | null;
  waits_for: Wait | null;
}

export interface QueuedBuilds {
  builds: (QueuedBuild)[];
}

export interface QueuedRollback {
  build_id: number;
  build_number: number;
  project_id: number;
  project_name: string;
  status: BuildStatus;
  trigger: Trigger;
  branch: string;
  commit_hash: string | null;
  queue_key: string;
  queue_position: number | null;
  waits_for: Wait | null;
  auto_deploy: boolean;
}

export interface Queues {
  queued: number;
  running: number;
  by_key: Record<string, number>;
}

export interface ReadinessReason {
  code: ReasonCode;
  message: string;
  blocking: boolean;
}

export interface ReadinessState {
  ready: boolean;
  reasons: (ReasonDocument)[];
}

export interface Ready {
  database: string;
  docker: string;
  reasons: (ReasonDocument)[];
}

export interface ReasonDocument {
  code: ReasonCode;
  message: string;
  blocking: boolean;
}

export interface Receipt {
  in_flight: number;
  finished: number;
  cut: number;
}

export interface RegistryBody {
  username: string;
  password: string;
}

export interface RegistryDocument {
  host: string;
  username: string;
  fingerprint: string;
  set_at: string;
}

export interface RegistryList {
  total: number;
  registries: (RegistryDocument)[];
}

export interface RegistryRemoved {
  host: string;
}

export interface RestartBody {
  slot?: Slot | null;
}

export type Role = "admin" | "deployer" | "viewer";

export interface RollbackBody {
  build_id?: number | null;
}

export interface RuntimeLog {
  lines: (string)[];
}

export interface RuntimeLogQuery {
  tail?: number;
  slot?: Slot | null;
}

export type Scope = "read" | "deploy" | "admin";

export interface SecretBody {
  value: string;
}

export interface SecretDocument {
  name: string;
  project_id: number | null;
  fingerprint: string;
  set_at: string;
}

export interface SecretList {
  total: number;
  secrets: (SecretDocument)[];
}

export interface SecretRemoved {
  name: string;
}

export interface SecretsBody {
  values: Record<string, string>;
}

export interface SessionDocument {
  id: number;
  current: boolean;
  created_at: string;
  last_used_at: string;
  address: string;
  user_agent: string;
}

export interface SessionList {
  total: number;
  sessions: (SessionDocument)[];
}

export interface SetUpBody {
  token: string;
  name: string;
  password: string;
}

export interface SettingsDocument {
  data_dir: string;
  api_host: string;
  api_port: number;
  proxy_host: string;
  proxy_port: number;
  proxy_workers: number;
  port_base: number;
  docker_host: string | null;
  dashboard_url: string;
  public_url: string;
  github_url: string;
  github_api_url: string;
  trusted_proxies: (string)[];
  webhook_addresses: (string)[];
  max_parallel_builds: number;
  container_range: string;
  disk_reserve: number | null;
  build_allow: (string)[];
  log_level: string;
  log_format: string;
  access_log: string | null;
  access_log_percent: number;
}

export interface SignInBody {
  name: string;
  password: string;
}

export type Slot = "Blue" | "Green";

export interface SlotDocument {
  status: SlotStatus;
  port: number;
  container_id: string | null;
  build_id: number | null;
  build_number: number | null;
  commit_hash: string | null;
  started_at: string | null;
  uptime_seconds: number | null;
  health: Health;
}

export type SlotStatus = "empty" | "starting" | "running" | "draining" | "stopped" | "error";

export interface StageDocument {
  name: string;
  kind: StageKind;
  status: StageStatus;
  started_at: string | null;
  finished_at: string | null;
  duration_seconds: number | null;
  error: string | null;
}

export type StageKind = "source" | "step" | "deploy";

export type StageStatus = "Pending" | "Running" | "Success" | "Failed" | "Skipped" | "Cancelled";

export interface StatusDocument {
  active_slot: Slot | null;
  blue: SlotDocument;
  green: SlotDocument;
  public_url: string;
  maintenance: string | null;
}

export type Stream = "stdout" | "stderr" | "system";

export interface Subscribed {
  timestamp: string;
  type: "subscribed";
  target: "build" | "project" | "global";
  build_id?: number | null;
  project_id?: number | null;
  current_status?: string | null;
}

export interface Subscription {
  type: "subscribe" | "unsubscribe";
  target: "build" | "project" | "global";
  build_id?: number | null;
  project_id?: number | null;
  from_line?: number;
  batch?: boolean;
}

export interface SwitchBody {
  target_slot: Slot;
}

export interface SystemDocument {
  versions: Versions;
  docker: DockerState;
  isolation: IsolationState;
  readiness: ReadinessState;
  uptime_seconds: number;
  disk: Disk;
  queues: Queues;
}

export interface SystemStatus {
  timestamp: string;
  type: "system_status";
  ready: boolean;
  reasons: (ReadinessReason)[];
}

export interface TokenCreate {
  name: string;
  scope?: Scope;
  projects?: (number | string)[] | null;
  expires_at?: string | null;
}

export interface TokenDocument {
  id: number;
  name: string;
  scope: Scope;
  projects: (number)[] | null;
  user: string | null;
  created_at: string;
  expires_at: string | null;
  last_used_at: string | null;
  last_used_address: string | null;
}

export interface TokenList {
  total: number;
  tokens: (TokenDocument)[];
}

export interface TokensQuery {
  limit?: number;
  offset?: number;
}

export type Trigger = "webhook" | "manual" | "rebuild" | "rollback" | "schedule" | "pull_request";

export interface TriggerBody {
  commit_hash?: string | null;
  branch?: string | null;
  parameters?: Record<string, string>;
  priority?: number;
  deploy?: boolean | null;
}

export type Trust = "trusted" | "untrusted";

export interface Unsubscribed {
  timestamp: string;
  type: "unsubscribed";
  target: "build" | "project" | "global";
  build_id?: number | null;
  project_id?: number | null;
}

export interface UserCreate {
  name: string;
  role?: Role;
  password?: string | null;
}

export interface UserDocument {
  id: number;
  name: string;
  role: Role;
  password: boolean;
  github: boolean;
  created_at: string;
  last_sign_in_at: string | null;
}

export interface UserList {
  total: number;
  users: (UserDocument)[];
}

export interface UserUpdate {
  role?: Role | null;
  password?: string | null;
}

export interface UsersQuery {
  limit?: number;
  offset?: number;
}

export type Verdict = "queued" | "ping" | "event" | "branch" | "path" | "deleted" | "skip_ci" | "unknown_repository" | "malformed" | "replay";

export interface Versions {
  lci: string;
  python: string;
}

export type Wait = "approval";

export interface WebhookDocument {
  builds: (QueuedBuild)[];
  ignored: string | null;
  reason: string | null;
}

export interface WebhookQuery {
  project?: string | null;
}

export interface WebhookSecret {
  secret: string;
}

export type ServerMessage = Connected | Subscribed | Unsubscribed | Pong | LogLine | LogBatch | Lagged | BuildStatusChanged | HealthCheck | DeploymentEnded | ContainerStatus | SystemStatus | ErrorEvent;

export type ClientMessage = Subscription | Ping;

export interface Calls {
  "POST /api/detect": { query: undefined; body: DetectBody; answer: DetectedDocument };
  "GET /api/projects": { query: { "limit"?: number; "offset"?: number }; body: undefined; answer: ProjectList };
  "POST /api/projects": { query: undefined; body: ProjectCreate; answer: ProjectDocument };
  "GET /api/projects/{project}": { query: undefined; body: undefined; answer: ProjectDocument };
  "PUT /api/projects/{project}": { query: undefined; body: ProjectUpdate; answer: ProjectDocument };
  "PATCH /api/projects/{project}": { query: undefined; body: ProjectUpdate; answer: ProjectDocument };
  "DELETE /api/projects/{project}": { query: undefined; body: undefined; answer: DeletedDocument };
  "GET /api/projects/{project}/status": { query: undefined; body: undefined; answer: StatusDocument };
  "POST /api/projects/{project}/switch": { query: undefined; body: SwitchBody; answer: StatusDocument };
  "POST /api/projects/{project}/rollback": { query: undefined; body: RollbackBody; answer: QueuedRollback };
  "POST /api/projects/{project}/auto-deploy": { query: undefined; body: AutoDeployBody; answer: ProjectDocument };
  "POST /api/projects/{project}/restart": { query: undefined; body: RestartBody; answer: StatusDocument };
  "POST /api/projects/{project}/stop": { query: undefined; body: undefined; answer: StatusDocument };
  "POST /api/projects/{project}/start": { query: undefined; body: undefined; answer: StatusDocument };
  "POST /api/projects/{project}/maintenance": { query: undefined; body: MaintenanceBody; answer: StatusDocument };
  "GET /api/projects/{project}/deployments": { query: { "limit"?: number; "offset"?: number; "before_id"?: number | null }; body: undefined; answer: DeploymentList };
  "GET /api/projects/{project}/runtime-logs": { query: { "tail"?: number; "slot"?: Slot | null }; body: undefined; answer: RuntimeLog };
  "GET /api/projects/{project}/secrets": { query: undefined; body: undefined; answer: SecretList };
  "PUT /api/projects/{project}/secrets": { query: undefined; body: SecretsBody; answer: SecretList };
  "PUT /api/projects/{project}/secrets/{name}": { query: undefined; body: SecretBody; answer: SecretDocument };
  "DELETE /api/projects/{project}/secrets/{name}": { query: undefined; body: undefined; answer: SecretRemoved };
  "GET /api/secrets": { query: undefined; body: undefined; answer: SecretList };
  "PUT /api/secrets": { query: undefined; body: SecretsBody; answer: SecretList };
  "PUT /api/secrets/{name}": { query: undefined; body: SecretBody; answer: SecretDocument };
  "DELETE /api/secrets/{name}": { query: undefined; body: undefined; answer: SecretRemoved };
  "GET /api/registries": { query: undefined; body: undefined; answer: RegistryList };
  "GET /api/registries/{host}": { query: undefined; body: undefined; answer: RegistryDocument };
  "PUT /api/registries/{host}": { query: undefined; body: RegistryBody; answer: RegistryDocument };
  "DELETE /api/registries/{host}": { query: undefined; body: undefined; answer: RegistryRemoved };
  "POST /api/secrets/rotate-key": { query: undefined; body: undefined; answer: KeyRotated };
  "GET /api/builds": { query: { "limit"?: number; "offset"?: number; "before_id"?: number | null; "status"?: BuildStatus | null; "project_id"?: number | null }; body: undefined; answer: BuildList };
  "GET /api/projects/{project}/builds": { query: { "limit"?: number; "offset"?: number; "before_id"?: number | null; "status"?: BuildStatus | null }; body: undefined; answer: BuildList };
  "POST /api/projects/{project}/builds": { query: undefined; body: TriggerBody; answer: QueuedBuild };
  "GET /api/builds/{build_id}": { query: undefined; body: undefined; answer: BuildPage };
  "POST /api/builds/{build_id}/cancel": { query: undefined; body: undefined; answer: BuildDocument };
  "POST /api/builds/{build_id}/approve": { query: undefined; body: ApprovalBody; answer: BuildDocument };
  "POST /api/builds/{build_id}/rebuild": { query: undefined; body: undefined; answer: QueuedBuild };
  "GET /api/builds/{build_id}/logs": { query: { "from"?: number | null; "limit"?: number | null; "tail"?: number | null }; body: undefined; answer: LogPage };
  "GET /api/builds/{build_id}/logs/search": { query: { "q": string; "regex"?: boolean; "from"?: number; "limit"?: number }; body: undefined; answer: LogMatches };
  "GET /api/builds/{build_id}/logs/stages": { query: undefined; body: undefined; answer: LogStages };
  "GET /api/builds/{build_id}/artifacts": { query: { "limit"?: number; "offset"?: number }; body: undefined; answer: ArtifactList };
  "POST /webhook/github": { query: { "project"?: string | null }; body: Record<string, unknown>; answer: WebhookDocument };
  "GET /api/webhook/deliveries": { query: { "limit"?: number; "offset"?: number; "before_id"?: number | null; "project_id"?: number | null }; body: undefined; answer: DeliveryList };
  "POST /api/webhook/deliveries/{delivery_id}/build": { query: undefined; body: undefined; answer: QueuedBuilds };
  "POST /api/sign-in": { query: undefined; body: SignInBody; answer: MeDocument };
  "POST /api/set-up": { query: undefined; body: SetUpBody; answer: MeDocument };
  "GET /api/me": { query: undefined; body: undefined; answer: MeDocument };
  "POST /api/me/sign-out": { query: undefined; body: undefined; answer: Done };
  "POST /api/me/password": { query: undefined; body: PasswordBody; answer: MeDocument };
  "GET /api/me/sessions": { query: undefined; body: undefined; answer: SessionList };
  "DELETE /api/me/sessions/{session_id}": { query: undefined; body: undefined; answer: Done };
  "GET /api/settings/github-sign-in": { query: undefined; body: undefined; answer: GitHubSignInDocument };
  "PUT /api/settings/github-sign-in": { query: undefined; body: GitHubSignInUpdate; answer: GitHubSignInDocument };
  "GET /api/users": { query: { "limit"?: number; "offset"?: number }; body: undefined; answer: UserList };
  "POST /api/users": { query: undefined; body: UserCreate; answer: UserDocument };
  "PATCH /api/users/{user_id}": { query: undefined; body: UserUpdate; answer: UserDocument };
  "DELETE /api/users/{user_id}": { query: undefined; body: undefined; answer: UserDocument };
  "GET /api/tokens": { query: { "limit"?: number; "offset"?: number }; body: undefined; answer: TokenList };
  "POST /api/tokens": { query: undefined; body: TokenCreate; answer: CreatedToken };
  "DELETE /api/tokens/{token_id}": { query: undefined; body: undefined; answer: TokenDocument };
  "GET /api/audit": { query: { "limit"?: number; "offset"?: number; "before_id"?: number | null }; body: undefined; answer: AuditList };
  "GET /api/settings/webhook-secret": { query: undefined; body: undefined; answer: WebhookSecret };
  "POST /api/settings/webhook-secret/rotate": { query: undefined; body: undefined; answer: WebhookSecret };
  "GET /api/settings": { query: undefined; body: undefined; answer: SettingsDocument };
  "PUT /api/settings": { query: undefined; body: undefined; answer: SettingsDocument };
  "GET /api/system": { query: undefined; body: undefined; answer: SystemDocument };
  "GET /healthz": { query: undefined; body: undefined; answer: Alive };
  "GET /readyz": { query: undefined; body: undefined; answer: Ready };
}
