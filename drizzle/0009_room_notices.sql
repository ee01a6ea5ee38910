CREATE TABLE `room_notices` (
	`job` text PRIMARY KEY NOT NULL,
	`registration_id` text NOT NULL,
	`room` text NOT NULL,
	`event_id` text,
	`text` text NOT NULL,
	`shown` text,
	FOREIGN KEY (`registration_id`) REFERENCES `registrations`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `room_notices_by_registration` ON `room_notices` (`registration_id`);