CREATE TABLE `accounts` (
	`localpart` text PRIMARY KEY NOT NULL,
	`state` text NOT NULL,
	`registration_id` text,
	`made_at` integer,
	`opened_at` integer,
	`changed_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `accounts_by_state` ON `accounts` (`state`,`changed_at`);--> statement-breakpoint
CREATE TABLE `announcements` (
	`key` text PRIMARY KEY NOT NULL,
	`at` integer NOT NULL,
	`text` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `attempts` (
	`seq` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`key` text NOT NULL,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `attempts_by_key` ON `attempts` (`key`,`at`);--> statement-breakpoint
CREATE INDEX `attempts_by_time` ON `attempts` (`at`);--> statement-breakpoint
CREATE TABLE `events` (
	`seq` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`registration_id` text,
	`at` integer NOT NULL,
	`kind` text NOT NULL,
	`actor` text NOT NULL,
	`moderator_id` text,
	`detail` text
);
--> statement-breakpoint
CREATE INDEX `events_by_registration` ON `events` (`registration_id`,`seq`);--> statement-breakpoint
CREATE TABLE `jobs` (
	`seq` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`lane` text NOT NULL,
	`registration_id` text,
	`kind` text NOT NULL,
	`payload` text NOT NULL,
	`state` text NOT NULL,
	`attempts` integer DEFAULT 0 NOT NULL,
	`run_at` integer NOT NULL,
	`lease_owner` text,
	`lease_until` integer,
	`error` text,
	`created_at` integer NOT NULL,
	`finished_at` integer,
	FOREIGN KEY (`registration_id`) REFERENCES `registrations`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE UNIQUE INDEX `jobs_id_unique` ON `jobs` (`id`);--> statement-breakpoint
CREATE INDEX `jobs_due` ON `jobs` (`state`,`run_at`);--> statement-breakpoint
CREATE INDEX `jobs_lane` ON `jobs` (`lane`,`state`,`seq`);--> statement-breakpoint
CREATE INDEX `jobs_by_registration` ON `jobs` (`registration_id`);--> statement-breakpoint
CREATE TABLE `moderators` (
	`id` text PRIMARY KEY NOT NULL,
	`username` text NOT NULL,
	`email` text NOT NULL,
	`password_hash` text NOT NULL,
	`created_at` integer NOT NULL,
	`disabled_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `moderators_username_unique` ON `moderators` (`username`);--> statement-breakpoint
CREATE TABLE `registrations` (
	`id` text PRIMARY KEY NOT NULL,
	`version` integer NOT NULL,
	`state` text NOT NULL,
	`username` text NOT NULL,
	`holds_name` integer NOT NULL,
	`email` text NOT NULL,
	`language` text NOT NULL,
	`client_address` text NOT NULL,
	`reason` text,
	`legal_accepted_at` integer,
	`consent_version` text,
	`message` text,
	`silent` integer NOT NULL,
	`decided_by` text,
	`started_at` integer NOT NULL,
	`state_since` integer NOT NULL,
	`reminded_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `registrations_name_held` ON `registrations` (`username`) WHERE holds_name = 1;--> statement-breakpoint
CREATE UNIQUE INDEX `registrations_one_per_address` ON `registrations` (`email`) WHERE state in ('started', 'verified', 'requested', 'approved', 'completed');--> statement-breakpoint
CREATE INDEX `registrations_by_state` ON `registrations` (`state`,`state_since`);--> statement-breakpoint
CREATE TABLE `sessions` (
	`id` text PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`expires_at` integer NOT NULL,
	`started_at` integer NOT NULL,
	FOREIGN KEY (`user_id`) REFERENCES `moderators`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `sessions_by_moderator` ON `sessions` (`user_id`);--> statement-breakpoint
CREATE TABLE `tokens` (
	`hash` text PRIMARY KEY NOT NULL,
	`purpose` text NOT NULL,
	`registration_id` text NOT NULL,
	`username` text,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	`spent_at` integer,
	FOREIGN KEY (`registration_id`) REFERENCES `registrations`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `tokens_by_registration` ON `tokens` (`registration_id`);--> statement-breakpoint
CREATE INDEX `tokens_by_expiry` ON `tokens` (`expires_at`);