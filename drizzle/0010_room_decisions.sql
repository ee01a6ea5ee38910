CREATE TABLE `matrix_id_claims` (
	`moderator_id` text PRIMARY KEY NOT NULL,
	`matrix_id` text NOT NULL,
	`job` text NOT NULL,
	`event_id` text,
	`expires_at` integer NOT NULL,
	FOREIGN KEY (`moderator_id`) REFERENCES `moderators`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `room_events` (
	`event_id` text PRIMARY KEY NOT NULL,
	`at` integer NOT NULL,
	`registration_id` text,
	`sender` text,
	`target` text,
	`key` text,
	FOREIGN KEY (`registration_id`) REFERENCES `registrations`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `room_events_by_time` ON `room_events` (`at`);--> statement-breakpoint
CREATE INDEX `room_events_by_target` ON `room_events` (`target`,`sender`);--> statement-breakpoint
ALTER TABLE `moderators` ADD `matrix_id` text;--> statement-breakpoint
CREATE UNIQUE INDEX `moderators_matrix_id_unique` ON `moderators` (`matrix_id`);--> statement-breakpoint
ALTER TABLE `registrations` ADD `rest_ms` integer;--> statement-breakpoint
ALTER TABLE `room_notices` ADD `version` integer;--> statement-breakpoint
ALTER TABLE `room_notices` ADD `about` text;--> statement-breakpoint
ALTER TABLE `room_notices` ADD `seeds` text DEFAULT '[]' NOT NULL;--> statement-breakpoint
ALTER TABLE `room_notices` ADD `details_id` text;--> statement-breakpoint
CREATE INDEX `room_notices_by_event` ON `room_notices` (`event_id`);