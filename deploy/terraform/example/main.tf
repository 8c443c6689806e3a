# The default deployment, by terraform:
#   terraform init && terraform apply
#   terraform apply -var spec=../../../examples/kubernetes-one-vm.yaml
#   terraform destroy
# A password that the spec takes from a variable ({env: NAME}) has to be in the environment of terraform itself.

variable "spec" {
  type    = string
  default = "../../../holdfast.yaml"
}

variable "target" {
  type    = string
  default = ""
}

variable "purge" {
  type    = bool
  default = false
}

module "counter" {
  source = "../holdfast"

  spec   = var.spec
  target = var.target
  purge  = var.purge
}

output "status" {
  value = module.counter.status
}
