variable "spec" {
  description = "The spec of the deployment: a file like holdfast.yaml. Its state and secrets are kept beside it, in .holdfast/."
  type        = string

  validation {
    condition     = fileexists(var.spec)
    error_message = "There is no such file."
  }
}

variable "target" {
  description = "local or kubernetes; empty: as the spec says."
  type        = string
  default     = ""

  validation {
    condition     = contains(["", "local", "kubernetes"], var.target)
    error_message = "It is local or kubernetes."
  }
}

variable "context" {
  description = "For the target kubernetes: one of the contexts in kubernetes.context of the spec; empty: as there."
  type        = string
  default     = ""
}

variable "purge" {
  description = "Whether terraform destroy removes data and secrets, too. Apply it before: destroy goes by what was applied last."
  type        = bool
  default     = false
}

variable "revision" {
  description = "Any text: another one runs ./holdfast up again, for example after git pull."
  type        = string
  default     = ""
}

variable "holdfast" {
  description = "The command; null: the one of the clone that this module is in."
  type        = string
  default     = null
}
